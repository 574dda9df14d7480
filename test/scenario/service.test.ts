// The server as a service: what systemd is told of it, and the files that make it one.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TestServer } from '../helpers/server.ts';
import { within } from '../helpers/waiting.ts';

const project = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const has = (program: string): boolean =>
  spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;

/** What systemd would hear. */
class Listener {
  readonly path: string;
  readonly heard: string[] = [];
  private readonly directory = mkdtempSync(join(tmpdir(), 'xmppd-notify-'));
  private readonly child: ChildProcess;

  constructor() {
    this.path = join(this.directory, 'notify');
    this.child = spawn('python3', [project('test/helpers/datagrams.py'), this.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const message = JSON.parse(line) as string;
      if (message !== 'BARRIER=1') this.heard.push(message);
    });
  }

  async hears(pattern: RegExp): Promise<string> {
    const wait = async (): Promise<string> => {
      for (;;) {
        const found = this.heard.find((message) => pattern.test(message));
        if (found !== undefined) return found;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    return await within(wait(), 10_000, () => `${String(pattern)} in ${this.heard.join(' | ')}`);
  }

  close(): void {
    this.child.kill();
    rmSync(this.directory, { recursive: true });
  }
}

const told = has('python3') && has('systemd-notify') ? test : test.skip;

told('systemd hears when the server is ready, lives, reloads and stops', async () => {
  const listener = new Listener();
  await listener.hears(/bound/);
  const server = await TestServer.start({
    accounts: 0,
    environment: { NOTIFY_SOCKET: listener.path, WATCHDOG_USEC: '400000' },
  });
  try {
    expect(await listener.hears(/READY=1/)).toContain('STATUS=serving localhost');
    await listener.hears(/WATCHDOG=1/);
    await server.command('reload', {});
    const reloading = await listener.hears(/RELOADING=1/);
    // CLOCK_MONOTONIC in microseconds, which counts from the start of the machine.
    const usec = Number(/MONOTONIC_USEC=(\d+)/.exec(reloading)?.[1]);
    expect(Math.abs(usec / 1e6 - Number(process.hrtime.bigint()) / 1e9)).toBeLessThan(60);
    const behind = (): readonly string[] => listener.heard.slice(listener.heard.indexOf(reloading));
    while (!behind().some((message) => message.includes('READY=1')))
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await server.stop()).toBe(0);
    await listener.hears(/STOPPING=1/);
  } finally {
    await server.close();
    listener.close();
  }
});

const verified = has('systemd-analyze') ? test : test.skip;

verified('systemd finds no fault with the unit', () => {
  const directory = mkdtempSync(join(tmpdir(), 'xmppd-unit-'));
  try {
    const unit = join(directory, 'xmppd.service');
    // The one thing that a machine may not have: a Node.js in /usr/bin.
    const text = readFileSync(project('packaging/systemd/xmppd.service'), 'utf8');
    writeFileSync(unit, text.replaceAll('/usr/bin/node', process.execPath));
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', unit], {
      encoding: 'utf8',
    });
    expect([status, stdout + stderr]).toEqual([0, '']);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('the script for FreeBSD is sound shell', () => {
  const directory = mkdtempSync(join(tmpdir(), 'xmppd-rc-'));
  try {
    const script = join(directory, 'xmppd');
    copyFileSync(project('packaging/freebsd/xmppd'), script);
    const { status, stderr } = spawnSync('sh', ['-n', script], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
