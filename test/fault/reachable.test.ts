// A worker's death may cost the sessions on it; the others go on, and their users stay reachable.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('reachable.js', import.meta.url));
const LIMIT_MS = 90_000;

test(
  'everybody is reachable after each worker has died, also those whose sessions had moved between them',
  () => {
    const { stdout, stderr } = spawnSync(process.execPath, [PROGRAM], {
      encoding: 'utf8',
      timeout: LIMIT_MS,
    });
    if (!stdout.startsWith('{')) throw new Error(`reachable.js: ${stderr}`);
    expect(JSON.parse(stdout)).toEqual({ readers: 12, reached: [12, 12, 12] });
  },
  LIMIT_MS,
);
