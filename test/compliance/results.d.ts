export interface Outcome {
  readonly class: string;
  readonly method: string;
  readonly specification: string;
  readonly section: string;
  readonly outcome: 'passed' | 'failed' | 'impossible';
  readonly note: string;
}
export interface Explanation {
  readonly name: string;
  readonly clause: string;
  readonly reason: string;
}
export interface Row {
  readonly specification: string;
  passed: number;
  failed: number;
  impossible: number;
}
export interface Abort {
  readonly test: string;
  readonly why: string;
}
export interface Verdict {
  readonly unexplained: readonly Outcome[];
  readonly explained: readonly { readonly outcome: Outcome; readonly by: Explanation }[];
  readonly stale: readonly Explanation[];
}

export function nameOf(outcome: Outcome): string;
export function parse(text: string): {
  readonly tests: readonly Outcome[];
  readonly aborted: Abort | undefined;
};
export function merge(
  before: readonly Outcome[],
  tests: readonly Outcome[],
  aborted: Abort | undefined,
): readonly Outcome[];
export function bySpecification(outcomes: readonly Outcome[]): readonly Row[];
export function totalOf(rows: readonly Row[]): Row;
export function judge(outcomes: readonly Outcome[], explained: readonly Explanation[]): Verdict;
