// The compliance suites against the real server: `npm run test:compliance`. Without options Smack's own integration
// tests from Maven Central; `-- --jar FILE` the XMPP interop suite. README.md has all options.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { replaceSection } from '../../scripts/generated.js';
import { lineOf, section, table } from './report.js';
import { bySpecification, judge, totalOf } from './results.js';
import { ADDRESS, DOMAIN, startServer } from './server.js';
import { missing, runSuite } from './suite.js';

const PAGE = new URL('../../docs/compliance.md', import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));

const { values: options } = parseArgs({
  options: {
    jar: { type: 'string' },
    specification: { type: 'string', multiple: true },
    test: { type: 'string', multiple: true },
    json: { type: 'string' },
    trace: { type: 'string' },
    workers: { type: 'string', default: '2' },
  },
});

const lacking = missing(options.jar === undefined);
const jar = options.jar === undefined ? undefined : resolve(options.jar);
if (jar !== undefined && !existsSync(jar)) lacking.push(`${jar} is not there`);
if (lacking.length > 0) {
  console.error(
    `The compliance suite cannot run:\n${lacking.map((line) => `  ${line}`).join('\n')}`,
  );
  process.exit(2);
}
const trace = options.trace === undefined ? undefined : resolve(options.trace);
if (trace !== undefined) mkdirSync(trace, { recursive: true });

const server = await startServer({ workers: Number(options.workers) });
let outcomes = [];
let failure;
try {
  outcomes = await runSuite({
    jar,
    directory: server.directory,
    certificate: server.certificate,
    trace,
    properties: {
      service: DOMAIN,
      host: ADDRESS,
      ...server.properties,
      ...(options.specification ? { enabledSpecifications: options.specification.join(',') } : {}),
      ...(options.test ? { enabledTests: options.test.join(',') } : {}),
    },
  });
} catch (error) {
  failure = error;
}
const code = await server.stop();

const all = options.specification === undefined && options.test === undefined;
const peers = jar === undefined ? [] : read('peers.json');
const verdict = judge(outcomes, read('explained.json'));
console.log(`\n${table(outcomes, peers)}\n`);
for (const { outcome, by } of verdict.explained)
  console.log(`explained: ${lineOf(outcome)}\n  ${by.clause}: ${by.reason}`);
for (const outcome of verdict.unexplained) console.log(`FAILED: ${lineOf(outcome)}`);
for (const { name } of verdict.stale) console.log(`passes now, no explanation needed: ${name}`);

const { passed, failed, impossible } = totalOf(bySpecification(outcomes));
console.log(
  `\n${passed} passed, ${failed} failed (${verdict.explained.length} explained), ${impossible} not possible`,
);
if (options.json !== undefined)
  writeFileSync(
    options.json,
    JSON.stringify({ specifications: bySpecification(outcomes), outcomes }, undefined, 1),
  );

const bugs = readFileSync(server.log, 'utf8')
  .split('\n')
  .filter((line) => line.includes('is a bug'));
for (const line of bugs) console.log(`the server says: ${line}`);
if (failure !== undefined) console.error(failure.message);
const good =
  failure === undefined &&
  code === 0 &&
  bugs.length === 0 &&
  passed > 0 &&
  verdict.unexplained.length === 0;
if (failure === undefined && all) writePage();
if (good) rmSync(server.directory, { recursive: true, force: true });
else console.log(`The server's log and the suite's: ${join(server.directory, '*.log')}`);
process.exitCode = good ? 0 : 1;

/** Each suite has its section; the other keeps what its last run wrote. */
function writePage() {
  const name = jar === undefined ? 'smack' : 'interop';
  const text = readFileSync(PAGE, 'utf8');
  writeFileSync(PAGE, replaceSection(text, name, section(outcomes, peers, verdict)));
}
