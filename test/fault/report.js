// The table of a kill trial, as docs/reliability.md shows it.

const COLUMNS = /** @type {const} */ ([
  ['workers', 'workers'],
  ['archive', 'archive'],
  ['kills', 'kills'],
  ['sent', 'sent'],
  ['acknowledged', 'acknowledged'],
  ['delivered', 'delivered'],
  ['lost', '**lost**'],
  ['unacknowledged', 'unacknowledged at kills'],
  ['held', 'of them held'],
  ['unproven', 'unproven at kills'],
  ['unprovenAgain', 'again: unproven'],
  ['unmarkedAgain', 'again: unmarked'],
  ['resentAgain', 'again: sent afresh'],
  ['provenAgain', 'again: proven, no archive'],
  ['unexplained', 'again: unexplained'],
  ['reordered', 'out of order'],
]);

/** @param {Record<string, any>} cell */
function flat(cell) {
  const { unproven, unmarked, resent, proven, unexplained } = cell.doubled;
  return {
    ...cell,
    archive: cell.archive ? 'on' : 'off',
    unprovenAgain: unproven,
    unmarkedAgain: unmarked,
    resentAgain: resent,
    provenAgain: proven,
    unexplained,
  };
}

/** @param {readonly Record<string, any>[]} cells totals of each */
export function markdownTable(cells) {
  const rows = cells.map((cell) => {
    const values = /** @type {Record<string, any>} */ (flat(cell));
    return `| ${COLUMNS.map(([key]) => values[key]).join(' | ')} |`;
  });
  return [
    `| ${COLUMNS.map(([, title]) => title).join(' | ')} |`,
    `| ${COLUMNS.map(() => '--:').join(' | ')} |`,
    ...rows,
    '',
  ].join('\n');
}
