// Runs the supervisor over fake workers. Argument: settings and entry arguments as JSON. Says what happens as JSON lines.
import { runSupervisor } from '../../dist/app/supervisor/index.js';
import { systemClock, systemTimers } from '../../dist/util/system-clock.js';

const { entryArgs = [], store = false, ...settings } = JSON.parse(process.argv[2]);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const log = {
  debug: () => undefined,
  info: (fields, message) => say({ log: message, ...fields }),
  warn: (fields, message) => say({ log: message, ...fields }),
  error: (fields, message) => say({ log: message, ...fields }),
  child: () => log,
};
// Timers of the server do not keep a process alive; in the server, children and listeners do.
const keep = setInterval(() => undefined, 1_000);
try {
  process.exitCode = await runSupervisor({
    settings: { connectionsPerAddress: 0, socketsDirectory: '/nowhere', ...settings },
    entry: new URL('./fake-worker.js', import.meta.url),
    entryArgs,
    ...(store ? { storeEntry: new URL('./fake-store.js', import.meta.url) } : {}),
    log,
    clock: systemClock,
    timers: systemTimers,
    signals: process,
    onStarted: (control) => {
      process.on('SIGUSR2', () => {
        void Promise.allSettled([
          control.ask(0, 'echo', { n: 1 }, 1_000),
          control.ask(0, 'fail', null, 1_000),
          control.ask(0, 'members', null, 1_000),
        ]).then((answers) =>
          say({ answers: answers.map(({ value, reason }) => value ?? reason.code) }),
        );
      });
      say({ started: control.bound, status: control.status() });
    },
  });
} catch (error) {
  say({ code: error.code, message: error.message, hint: error.hint });
  process.exitCode = 70;
} finally {
  clearInterval(keep);
}
