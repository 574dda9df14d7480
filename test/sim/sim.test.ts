// The simulation, a few hundred seeds of it, and the deliberate bugs that it must see. It runs the compiled program in a
// process of its own, since the bugs are planted into the program's classes.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const RUN = fileURLToPath(new URL('./run.js', import.meta.url));

function simulate(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [RUN, ...args], {
    encoding: 'utf8',
    timeout: 110_000,
  });
  return { status, output: stdout + stderr };
}

describe('the simulation', () => {
  test('finds nothing wrong in 200 seeds', () => {
    const { status, output } = simulate('--seeds', '200');
    expect({ status, output: status === 0 ? '' : output }).toEqual({ status: 0, output: '' });
  }, 120_000);

  test('replays a seed exactly', () => {
    const once = simulate('--seed', '77', '--verbose').output.split('\n').slice(0, -3);
    const twice = simulate('--seed', '77', '--verbose').output.split('\n').slice(0, -3);
    expect(once.length).toBeGreaterThan(50);
    expect(twice).toEqual(once);
  }, 120_000);

  test.each([
    ['early-h', 'an acknowledgement that leaves before its debts are paid'],
    ['lost-again', 'a repeated frame that does not say that it is one'],
    ['overtaking', 'a stanza that does not wait behind one that waits for a commit'],
    ['stranded', 'a message that waits for its recipient and is never given to him'],
    ['no-announcement', 'a new process that is not told of the sessions of its accounts'],
  ])(
    '%s: sees %s within 2,000 seeds',
    (bug) => {
      const { status, output } = simulate('--seeds', '2000', '--bug', bug);
      expect(status).toBe(1);
      expect(output).toMatch(/seed \d+ fails:/);
      console.log(`${bug}: ${output.split('\n').slice(0, 2).join(' ')}`);
    },
    120_000,
  );
});
