// The driver as a whole against a relay that misbehaves: what must be 0 has to be seen when it is not.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/**
 * The exit code and the one row of a short run against the relay.
 * @param {string} scenario
 * @param {string[]} misbehaviour
 */
async function run(scenario, misbehaviour) {
  const fake = spawn(process.execPath, [path('fake-server.js'), ...misbehaviour]);
  try {
    const [port] = await once(fake.stdout, 'data');
    const driver = spawn(
      process.execPath,
      [path('run.js'), '--json', '--only', scenario, '--seconds', '1', '--warmup', '0.2'].concat(
        '--attach',
        `${String(port).trim()}:${fake.pid}`,
      ),
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let output = '';
    driver.stdout.on('data', (chunk) => (output += chunk));
    const [code] = await once(driver, 'close');
    const { rows } = JSON.parse(output);
    return { code, row: rows[0] };
  } finally {
    fake.kill();
  }
}

/** @param {string} file */
const path = (file) => fileURLToPath(new URL(file, import.meta.url));

const FAULTLESS = { lost: 0, doubled: 0, outOfOrder: 0, corrupt: 0, unacknowledged: 0, errors: 0 };

for (const scenario of ['chat', 'chat-ack', 'chat-rate1k']) {
  test(`${scenario}: a server that loses nothing gives figures and exit code 0`, async () => {
    const { code, row } = await run(scenario, []);
    assert.deepEqual(row.faults, FAULTLESS);
    assert.ok(row.measured.ops > 100);
    assert.ok(row.measured.p50Ms > 0);
    assert.equal(code, 0);
  });
}

test('lost messages are counted and make the exit code 1', async () => {
  // Paced: in a closed loop each loss would stop a pair for good.
  const { code, row } = await run('chat-rate1k', ['--drop', '100']);
  assert.ok(row.faults.lost >= 10, `lost: ${row.faults.lost}`);
  assert.equal(row.faults.doubled, 0);
  assert.equal(code, 1);
});

test('doubled messages are counted and make the exit code 1', async () => {
  const { code, row } = await run('chat', ['--double', '1501']);
  assert.ok(row.faults.doubled > 0);
  assert.equal(row.faults.lost, 0);
  assert.equal(code, 1);
});

test('messages that overtake others are counted and make the exit code 1', async () => {
  const { code, row } = await run('chat', ['--swap', '1501']);
  assert.ok(row.faults.outOfOrder > 0);
  assert.equal(row.faults.doubled, 0);
  assert.equal(code, 1);
});
