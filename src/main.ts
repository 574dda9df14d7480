// Process entry. What runs a server stays for months and loads little: the command line, with all that checks a
// configuration, then runs in a process of its own that ends before the server begins.
const args = process.argv.slice(2);
const code = args.includes('start') ? await launched() : await commanded();
if (code !== undefined) {
  process.exitCode = code;
  // What a failed start left open must not keep the process; what was written must arrive first.
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
}

async function launched(): Promise<number | undefined> {
  const { launch } = await import('./app/launch.ts');
  return await launch(args);
}

async function commanded(): Promise<number | undefined> {
  const { runCommandLine } = await import('./app/command-line.ts');
  return await runCommandLine(args);
}
