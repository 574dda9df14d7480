// Every script is played twice: on a server that copies what it forwards, and on one that writes all of it anew.
// Both must satisfy the script, and what the clients received must be the same.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseScript, Play } from '../helpers/script.ts';
import { TestServer } from '../helpers/server.ts';

const FOLDER = fileURLToPath(new URL('scripts/', import.meta.url));
const scripts = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.txt'))
  .map((name) => {
    const script = parseScript(readFileSync(FOLDER + name, 'utf8'));
    return [`${name}: ${script.title}`, script] as const;
  });

let copying: TestServer;
let rewriting: TestServer;

beforeAll(async () => {
  [copying, rewriting] = await Promise.all([
    TestServer.start({ accounts: 80, forceRewrite: false }),
    TestServer.start({ accounts: 80, forceRewrite: true }),
  ]);
});
afterAll(async () => {
  await Promise.all([copying.close(), rewriting.close()]);
});

test.each(scripts)('%s', async (_title, script) => {
  // Both to their end, or a server in the middle of its restart would spoil the next script.
  const [copied, rewritten] = await Promise.allSettled([
    new Play(copying).run(script),
    new Play(rewriting).run(script),
  ]);
  if (copied.status === 'rejected') throw copied.reason;
  if (rewritten.status === 'rejected') throw rewritten.reason;
  expect(copied.value).not.toBe('');
  expect(timeless(rewritten.value)).toBe(timeless(copied.value));
});

/** XEP-0012: the two plays do not run in the same second. */
function timeless(transcript: string): string {
  return transcript.replace(/ seconds='\d+'/g, " seconds='*'");
}
