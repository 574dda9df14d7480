// Facts judged by all rules, for programs and for people.
import type { Terminal } from '../terminal.ts';
import type { Facts } from './facts.ts';
import { RULES } from './rules.ts';
import { SUITES, type Level } from './suites.ts';

export interface Miss {
  readonly name: string;
  readonly specs: string;
  readonly todo: string;
}

export interface SuiteVerdict {
  readonly name: string;
  /** `none`: not even what Core asks for. */
  readonly level: Level | 'none';
  readonly missing: readonly (Miss & { readonly level: Level })[];
}

export interface Verdict {
  readonly domain: string;
  readonly suites: readonly SuiteVerdict[];
  readonly tester: {
    readonly passed: number;
    readonly scored: number;
    readonly missing: readonly (Miss & { readonly scored: boolean; readonly asks: string })[];
  };
}

export function judge(facts: Facts): Verdict {
  const suites = SUITES.map(({ name, requirements }): SuiteVerdict => {
    const missing = requirements
      .filter(({ passes }) => !passes(facts))
      .map(({ feature, specs, level, todo }) => ({ name: feature, specs, level, todo }));
    const lacks = (level: Level): boolean => missing.some((miss) => miss.level === level);
    const level = lacks('core') ? 'none' : lacks('advanced') ? 'core' : 'advanced';
    return { name, level, missing };
  });
  const missed = RULES.filter(({ passes }) => !passes(facts));
  const scored = RULES.filter((rule) => rule.scored).length;
  return {
    domain: facts.domain,
    // XEP-0479 §2: every other category needs Core first.
    suites: suites.map((suite) => ({ ...suite, level: lower(suite.level, suites[0]?.level) })),
    tester: {
      passed: scored - missed.filter((rule) => rule.scored).length,
      scored,
      missing: missed.map(({ name, spec, todo, scored: counts, asks }) => ({
        name,
        specs: spec,
        todo,
        scored: counts,
        asks,
      })),
    },
  };
}

const ORDER = ['none', 'core', 'advanced'] as const;

function lower(one: SuiteVerdict['level'], other: SuiteVerdict['level'] = 'none') {
  return ORDER.indexOf(one) < ORDER.indexOf(other) ? one : other;
}

const WORDS = { none: 'not reached', core: 'Core', advanced: 'Advanced' };
const COLOURS = { none: 'red', core: 'yellow', advanced: 'green' } as const;

export function render(terminal: Terminal, { domain, suites, tester }: Verdict): string {
  const lines = [`${terminal.paint('bold', 'XMPP Compliance Suites 2023')} (XEP-0479), ${domain}`];
  for (const { name, level, missing } of suites) {
    lines.push(`  ${name}: ${terminal.paint(COLOURS[level], WORDS[level])}`);
    for (const miss of missing)
      lines.push(`    ${miss.level}: ${miss.name} (${miss.specs})`, `      ${miss.todo}`);
  }
  lines.push(
    '',
    `${terminal.paint('bold', 'Conversations compliance tester')}: ${String(tester.passed)} of ${String(tester.scored)}`,
  );
  for (const miss of tester.missing)
    lines.push(
      `  ${miss.name}${miss.scored ? '' : ' (not counted)'}: ${miss.asks}`,
      `    ${miss.todo}`,
    );
  return lines.join('\n');
}
