// The results as a table for the terminal, as JSON and as a section of docs/compliance.md.
import { bySpecification, nameOf, totalOf } from './results.js';

/**
 * @typedef {Readonly<Record<string, readonly [passed: number, failed: number, impossible: number]>>} Counts
 * @typedef {{ name: string, counts: Counts }} Peer
 */

const HEADS = ['specification', 'methods', 'passed', 'failed', 'not possible'];

/** Rows of cells: counts of this server, then `passed/failed/not possible` of each peer. */
function cells(outcomes, peers) {
  const rows = bySpecification(outcomes);
  const line = (row, counts) => [
    row.specification,
    String(row.passed + row.failed + row.impossible),
    String(row.passed),
    String(row.failed),
    String(row.impossible),
    ...counts.map((count) => count?.join('/') ?? ''),
  ];
  return [
    [...HEADS, ...peers.map(({ name }) => name)],
    ...rows.map((row) =>
      line(
        row,
        peers.map(({ counts }) => counts[row.specification]),
      ),
    ),
    line(
      totalOf(rows),
      peers.map(({ counts }) => sum(rows.map((row) => counts[row.specification]))),
    ),
  ];
}

function sum(counts) {
  return counts.reduce(
    (all, count) => all.map((value, at) => value + (count?.[at] ?? 0)),
    [0, 0, 0],
  );
}

/**
 * @param {readonly import('./results.js').Outcome[]} outcomes
 * @param {readonly Peer[]} peers
 */
export function table(outcomes, peers) {
  const lines = cells(outcomes, peers);
  const widths = lines[0].map((_, at) => Math.max(...lines.map((line) => line[at].length)));
  return lines
    .map((line) =>
      line
        .map((text, at) => (at === 0 ? text.padEnd(widths[at]) : text.padStart(widths[at])))
        .join('  '),
    )
    .join('\n');
}

function short(note) {
  return note.replace(/\s+/g, ' ').slice(0, 200);
}

/** @param {import('./results.js').Outcome} outcome */
export function lineOf(outcome) {
  const section = outcome.section === '' ? '' : ` §${outcome.section}`;
  return `${outcome.specification}${section} ${nameOf(outcome)}: ${short(outcome.note)}`;
}

/** Reasons why tests are not possible, each with its tests. */
function impossibleBy(outcomes) {
  const reasons = new Map();
  for (const outcome of outcomes) {
    if (outcome.outcome !== 'impossible') continue;
    const key = `${outcome.specification}: ${short(outcome.note)}`;
    reasons.set(key, (reasons.get(key) ?? 0) + 1);
  }
  return [...reasons].sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * A section of the page.
 * @param {readonly import('./results.js').Outcome[]} outcomes
 * @param {readonly Peer[]} peers
 * @param {ReturnType<typeof import('./results.js').judge>} verdict
 */
export function section(outcomes, peers, verdict) {
  const code = (text) => text.replaceAll('|', '\\|').replaceAll('<', '\\<');
  const [head, ...rows] = cells(outcomes, peers);
  const line = (texts) => `| ${texts.join(' | ')} |`;
  const list = (title, lines) => (lines.length === 0 ? [] : [`\n**${title}**\n`, ...lines]);
  return [
    '',
    line(head),
    line(head.map((_, at) => (at === 0 ? '---' : '---:'))),
    ...rows.map(line),
    ...list(
      'Failed, explained',
      verdict.explained.map(
        ({ outcome, by }) => `- \`${nameOf(outcome)}\` (${by.clause}): ${by.reason}`,
      ),
    ),
    ...list(
      'Failed',
      verdict.unexplained.map((outcome) => `- ${code(lineOf(outcome))}`),
    ),
    ...list(
      'Not possible, by what the suite says it lacks',
      impossibleBy(outcomes).map(([reason, count]) => `- ${count} × ${code(reason)}`),
    ),
    '',
  ].join('\n');
}
