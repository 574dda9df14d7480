// `npm run fault`: kills the server under load, again and again, in each of its forms.
// node test/fault/run.js [--kills 200] [--seed N] [--workers 1,2] [--archive on,off] [--json FILE] [--markdown FILE] [--keep]
import { appendFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Chance } from './chance.js';
import { Cell } from './kill.js';
import { markdownTable } from './report.js';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '1,2' },
    archive: { type: 'string', default: 'on,off' },
    json: { type: 'string' },
    markdown: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});

/** @param {object} line */
function note(line) {
  const text = `${JSON.stringify(line)}\n`;
  process.stdout.write(text);
  if (values.json !== undefined) appendFileSync(values.json, text);
}

const forms = values.workers.split(',').flatMap((workers) =>
  values.archive.split(',').map((archive) => ({
    workers: Number(workers),
    archive: archive === 'on',
  })),
);
const startedAt = performance.now();
const cells = [];
for (const [index, form] of forms.entries()) {
  // The first forms take what does not divide.
  const share = Math.floor((Number(values.kills) + forms.length - 1 - index) / forms.length);
  const chance = new Chance(Number(values.seed)).branch(index);
  const cell = new Cell({ ...form, kills: share, keep: values.keep }, chance, note);
  const totals = await cell.run();
  note({ total: totals });
  cells.push(totals);
}
const table = markdownTable(cells);
const seconds = Math.round((performance.now() - startedAt) / 1000);
process.stdout.write(`\n${table}\n${process.version}, seed ${values.seed}, ${seconds} s\n`);
if (values.markdown !== undefined) writeFileSync(values.markdown, table);
process.exit(cells.some(({ failed }) => failed) ? 1 : 0);
