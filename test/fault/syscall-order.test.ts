// What is on disk when a promise leaves, seen in the system calls of the real server. A kill alone cannot show it: the
// kernel keeps what a dead process wrote.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('syscall-order.js', import.meta.url));
const LIMIT_MS = 90_000;

interface Outcome {
  readonly messages: number;
  readonly syncs: number;
  readonly acknowledged: number;
  readonly copies: number;
  readonly violations: number;
  readonly first: string | null;
}

function run(...options: readonly string[]): Outcome {
  const { stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...options], {
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  if (!stdout.startsWith('{')) throw new Error(`syscall-order.js: ${stderr}`);
  return JSON.parse(stdout) as Outcome;
}

const hasStrace = spawnSync('strace', ['-V']).error === undefined;
const traced = hasStrace ? test : test.skip;
const missing = hasStrace ? '' : ' (skipped: strace is not installed)';

describe.each(['1', '2'])(`with %s worker(s) under strace${missing}`, (workers) => {
  traced(
    'no acknowledgement and no archived copy leaves before the rows of both archives are synced',
    () => {
      const outcome = run('--workers', workers, '--archive', 'on');
      expect(outcome).toMatchObject({ violations: 0, first: null });
      expect(outcome.acknowledged).toBe(outcome.messages);
      expect(outcome.copies).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );

  traced(
    'without an archive, no acknowledgement leaves before the pending row is synced',
    () => {
      const outcome = run('--workers', workers, '--archive', 'off');
      expect(outcome).toMatchObject({ violations: 0, first: null });
      expect(outcome.acknowledged).toBe(outcome.messages);
    },
    LIMIT_MS,
  );

  traced(
    'the same check fails when commits do not wait for the disk',
    () => {
      expect(run('--workers', workers, '--synchronous', 'NORMAL').violations).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );
});
