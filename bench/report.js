// The table: one line per measurement, in Markdown, with the machine it was measured on.
import { cpus, totalmem } from 'node:os';
import { statfsSync } from 'node:fs';

// Above this share of a core the generator, not the server, sets the rate.
const GENERATOR_BOUND_PERCENT = 80;
// Above this share of a core somebody else's work disturbed the measurement.
const DISTURBED_PERCENT = 25;
// statfs(2): TMPFS_MAGIC
const TMPFS = 0x01021994;

/**
 * Three significant digits, without an exponent.
 * @param {number | undefined} value
 */
function figure(value) {
  if (value === undefined) return '';
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/**
 * Whether anything that must be 0 is not.
 * @param {import('./scenarios/types.js').Faults | undefined} faults
 */
function hasFaults(faults) {
  return faults !== undefined && Object.values(faults).some((count) => count > 0);
}

/** @param {import('./scenarios/types.js').Faults | undefined} faults */
function faultText(faults) {
  if (faults === undefined) return '';
  if (!hasFaults(faults)) return '0';
  return Object.entries(faults)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `**${count} ${name}**`)
    .join(', ');
}

/** @param {import('./scenarios/types.js').Row} row */
function isGeneratorBound({ measured, saturated }) {
  return (saturated ?? false) && (measured?.generatorPercent ?? 0) > GENERATOR_BOUND_PERCENT;
}

/** @param {import('./scenarios/types.js').Row} row */
function line(row) {
  const { work, unit, measured, kibPerSession, treeMib, faults, notes = [] } = row;
  const disturbed = measured !== undefined && measured.otherPercent > DISTURBED_PERCENT;
  const remarks = disturbed
    ? [...notes, `disturbed: other work took ${measured.otherPercent.toFixed(0)} % of a core`]
    : notes;
  const cells = [
    work,
    unit,
    figure(measured?.cpuUsPerOp),
    isGeneratorBound(row) ? 'generator-bound' : figure(measured?.opsPerSecond),
    figure(measured?.p50Ms),
    figure(measured?.p99Ms),
    figure(kibPerSession),
    figure(treeMib),
    measured === undefined ? '' : `${measured.generatorPercent.toFixed(0)} %`,
    faultText(faults),
    remarks.join('; '),
  ];
  return `| ${cells.join(' | ')} |`;
}

/**
 * What the figures depend on.
 * @param {string | undefined} directory where the server's data is; undefined for a server that is not ours
 * @param {number} workers
 */
export function conditions(directory, workers) {
  const [cpu] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    workers,
    storage: directory === undefined ? 'not ours' : storageText(directory),
  };
}

/** @param {string} directory */
function storageText(directory) {
  const inMemory = statfsSync(directory).type === TMPFS;
  return inMemory ? 'tmpfs (a sync costs nothing here: not a real figure)' : 'on disk';
}

/**
 * The whole report in Markdown.
 * @param {import('./scenarios/types.js').Row[]} rows
 * @param {ReturnType<typeof conditions>} where
 */
export function markdown(rows, where) {
  const { date, cpu, cores, memoryGib, node, workers, storage } = where;
  return [
    `${date}, ${cores} x ${cpu}, ${memoryGib} GiB, Node ${node}, workers: ${workers}, data: ${storage}.`,
    'CPU is user and system time of the whole process tree of the server; KiB and MiB are PSS.',
    '',
    '| work | operation | CPU µs/operation | operations/s | p50 ms | p99 ms | KiB/session | tree MiB | generator CPU | faults | notes |',
    '|---|---|--:|--:|--:|--:|--:|--:|--:|---|---|',
    ...rows.map(line),
    '',
  ].join('\n');
}

/**
 * The same as JSON, with everything that was measured.
 * @param {import('./scenarios/types.js').Row[]} rows
 * @param {ReturnType<typeof conditions>} where
 */
export function json(rows, where) {
  const marked = rows.map((row) => ({ ...row, generatorBound: isGeneratorBound(row) }));
  return `${JSON.stringify({ conditions: where, rows: marked }, undefined, 2)}\n`;
}

/**
 * Whether every message arrived once, in order and unchanged.
 * @param {import('./scenarios/types.js').Row[]} rows
 */
export function isFaultless(rows) {
  return !rows.some((row) => hasFaults(row.faults));
}
