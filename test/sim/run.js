// Runs the simulation: `node test/sim/run.js --seeds 10000`, or one seed again: `--seed N --verbose`.
import { parseArgs } from 'node:util';
import { BUGS, plant } from './bugs.js';
import { runSeed, Shelf } from './world.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    bug: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
  },
});

if (values.bug !== undefined) {
  if (!(values.bug in BUGS)) {
    console.error(`there is no bug ${values.bug}; there are ${Object.keys(BUGS).join(', ')}`);
    process.exit(2);
  }
  plant(values.bug);
}

const first = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
const print = values.verbose ? (line) => console.log(line) : undefined;
const shelf = new Shelf();
const began = performance.now();
const sums = { steps: 0, messages: 0, acknowledged: 0 };
const notes = new Map();
const failed = [];
try {
  for (let seed = first; seed < first + count; seed++) {
    const result = await runSeed(seed, shelf, print);
    for (const name of Object.keys(sums)) sums[name] += result[name];
    for (const [what, times] of result.notes) notes.set(what, (notes.get(what) ?? 0) + times);
    if (values.seed !== undefined) console.log(`seed ${seed}: fingerprint ${result.fingerprint}`);
    if (result.violations.length === 0) continue;
    failed.push(seed);
    console.log(`seed ${seed} fails:`);
    for (const violation of result.violations.slice(0, 5)) console.log(`  ${violation}`);
    if (!values['keep-going']) break;
  }
} finally {
  shelf.remove();
}
const seconds = (performance.now() - began) / 1000;
const ran = failed.length > 0 && !values['keep-going'] ? failed[0] - first + 1 : count;
console.log(
  `${ran} seeds in ${seconds.toFixed(1)} s (${Math.round((ran * 60) / seconds)} a minute): ` +
    `${sums.steps} steps, ${sums.messages} messages, ${sums.acknowledged} acknowledged`,
);
for (const [what, times] of notes) console.log(`  ${times} × ${what}`);
if (failed.length > 0) {
  console.log(`failed: ${failed.join(', ')}; again with --seed ${failed[0]} --verbose`);
  process.exitCode = 1;
}
