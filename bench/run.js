// `npm run bench`: this process is the load generator; the server it measures is a child process with its own data.
import { BenchError } from './errors.js';
import { parseOptions } from './options.js';
import { conditions, isFaultless, json, markdown } from './report.js';
import { attachedServers, OwnServers } from './servers.js';

/** @param {string} text */
const progress = (text) => void process.stderr.write(`${text}\n`);

/**
 * Runs the scenarios one after another; one that fails does not keep the others from running.
 * @param {NonNullable<ReturnType<typeof parseOptions>>} options
 * @param {import('./scenarios/types.js').Servers} servers
 */
async function runAll(options, servers) {
  const { chosen, seconds, warmup, sessions, workers } = options;
  /** @type {import('./scenarios/types.js').Row[]} */
  const rows = [];
  let failures = 0;
  for (const scenario of chosen) {
    progress(`${scenario.name}: ${scenario.about}`);
    const effort = {
      seconds,
      warmup,
      sessions,
      progress: (/** @type {string} */ text) => progress(`  ${text}`),
    };
    try {
      rows.push(...(await scenario.run(servers, effort, workers)));
    } catch (error) {
      if (!(error instanceof BenchError)) throw error;
      failures++;
      progress(`  failed: ${error.message}`);
      rows.push({
        work: scenario.name,
        unit: '',
        notes: [`failed: ${error.message.split('\n')[0]}`],
      });
    }
  }
  return { rows, failures };
}

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) return 0;
  const own = options.attach ? undefined : await OwnServers.create(options.dataRoot);
  const servers = options.attach ? attachedServers(options.attach) : own;
  if (servers === undefined) return 1;
  const leave = () => {
    own?.kill();
    process.exit(130);
  };
  process.once('SIGINT', leave).once('SIGTERM', leave);
  try {
    const { rows, failures } = await runAll(options, servers);
    const where = conditions(own?.directory, options.workers);
    process.stdout.write(options.json ? json(rows, where) : markdown(rows, where));
    return failures === 0 && isFaultless(rows) ? 0 : 1;
  } finally {
    await own?.stop().finally(() => own.remove());
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
