// What the suite found: read, counted by specification, judged against the list of explained failures.

/**
 * @typedef {{ class: string, method: string, specification: string, section: string,
 *   outcome: 'passed' | 'failed' | 'impossible', note: string }} Outcome
 * @typedef {{ name: string, clause: string, reason: string }} Explanation `name`: Class.method, or Class.*
 * @typedef {{ specification: string, passed: number, failed: number, impossible: number }} Row
 */

/** For tests whose class names none. */
const NO_SPECIFICATION = 'none named';

/** @param {Outcome} outcome */
export function nameOf({ class: name, method }) {
  return `${name.slice(name.lastIndexOf('.') + 1)}.${method}`;
}

/**
 * Reads what SuiteRunner.java wrote.
 * @param {string} text a line of JSON for each method, and a last one
 * @returns {{ tests: readonly Outcome[], aborted: { test: string, why: string } | undefined }}
 */
export function parse(text) {
  const lines = text.split('\n').filter((line) => line !== '');
  const last = JSON.parse(lines.pop() ?? '{}');
  if (!('ended' in last) && !('aborted' in last)) throw new Error('the results have no end');
  const tests = lines.map((line) => {
    const outcome = JSON.parse(line);
    return { ...outcome, specification: specificationOf(outcome.specification) };
  });
  return { tests, aborted: 'aborted' in last ? { test: last.aborted, why: last.why } : undefined };
}

/** `XEP-0030` and `RFC 6121`, however the annotation writes it. */
function specificationOf(text) {
  const [, kind, number] = /^(XEP|RFC)[- ]?(\d+)$/i.exec(text.trim()) ?? [];
  if (kind === undefined) return text.trim() === '' ? NO_SPECIFICATION : text.trim();
  return kind.toUpperCase() === 'XEP' ? `XEP-${number.padStart(4, '0')}` : `RFC ${number}`;
}

/**
 * Adds a further part of a run that was ended by a test. Of a class that was cut short the first results count: it
 * is not run again.
 * @param {readonly Outcome[]} before
 * @param {readonly Outcome[]} tests
 * @param {{ test: string, why: string } | undefined} aborted
 * @returns {readonly Outcome[]}
 */
export function merge(before, tests, aborted) {
  const known = new Set(before.map(nameOf));
  const all = [...before, ...tests.filter((outcome) => !known.has(nameOf(outcome)))];
  if (aborted === undefined || aborted.test === '') return all;
  const [name, method] = aborted.test.split('.');
  const fellow = all.find((outcome) => outcome.class.endsWith(`.${name}`));
  all.push({
    class: fellow?.class ?? name,
    method,
    specification: fellow?.specification ?? NO_SPECIFICATION,
    section: '',
    outcome: 'failed',
    note: `ended the suite: ${aborted.why}`,
  });
  return all;
}

/**
 * @param {readonly Outcome[]} outcomes
 * @returns {readonly Row[]} in the order of their names
 */
export function bySpecification(outcomes) {
  /** @type {Map<string, Row>} */
  const rows = new Map();
  for (const { specification, outcome } of outcomes) {
    const row = rows.get(specification) ?? { specification, passed: 0, failed: 0, impossible: 0 };
    row[outcome]++;
    rows.set(specification, row);
  }
  return [...rows.values()].sort((a, b) => (a.specification < b.specification ? -1 : 1));
}

/** @param {readonly Row[]} rows */
export function totalOf(rows) {
  const total = { specification: 'all', passed: 0, failed: 0, impossible: 0 };
  for (const row of rows)
    for (const outcome of ['passed', 'failed', 'impossible']) total[outcome] += row[outcome];
  return total;
}

/** @param {Explanation} explanation */
function explains({ name }, outcome) {
  const whole = nameOf(outcome);
  return name === whole || (name.endsWith('.*') && whole.startsWith(name.slice(0, -1)));
}

/**
 * @param {readonly Outcome[]} outcomes
 * @param {readonly Explanation[]} explained
 * @returns {{ unexplained: readonly Outcome[], explained: readonly { outcome: Outcome, by: Explanation }[],
 *   stale: readonly Explanation[] }} `stale`: explanations of tests that ran, none of which failed
 */
export function judge(outcomes, explained) {
  const failed = outcomes.filter(({ outcome }) => outcome === 'failed');
  const byOf = (outcome) => explained.find((explanation) => explains(explanation, outcome));
  return {
    unexplained: failed.filter((outcome) => byOf(outcome) === undefined),
    explained: failed.flatMap((outcome) => {
      const by = byOf(outcome);
      return by === undefined ? [] : [{ outcome, by }];
    }),
    stale: explained.filter((explanation) => {
      const about = outcomes.filter((outcome) => explains(explanation, outcome));
      return about.length > 0 && about.every(({ outcome }) => outcome === 'passed');
    }),
  };
}
