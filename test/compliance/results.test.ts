import { bySpecification, judge, merge, nameOf, parse, totalOf } from './results.js';
import { section, table } from './report.js';

const line = (method: string, outcome: string, more = {}): string =>
  JSON.stringify({
    class: 'org.example.PingTest',
    method,
    specification: 'XEP-0199',
    section: '4.2',
    outcome,
    note: '',
    ...more,
  });
const END = '{"ended":true}';
const read = (...lines: readonly string[]) => parse([...lines, END, ''].join('\n')).tests;

describe('results of the suite', () => {
  it('are read line by line, with specifications spelt one way', () => {
    const tests = read(
      line('a', 'passed', { specification: 'RFC6121' }),
      line('b', 'failed', { specification: 'XEP-0199' }),
      line('c', 'impossible', { specification: '' }),
    );
    expect(tests.map(({ specification }) => specification)).toEqual([
      'RFC 6121',
      'XEP-0199',
      'none named',
    ]);
    expect(tests.map(nameOf)).toEqual(['PingTest.a', 'PingTest.b', 'PingTest.c']);
  });

  it('that were cut off are refused', () => {
    expect(() => parse(line('a', 'passed'))).toThrow('no end');
  });

  it('name the test that ended the suite, which failed', () => {
    const { tests, aborted } = parse(
      [line('a', 'passed'), '{"aborted":"PingTest.b","why":"oops"}'].join('\n'),
    );
    const all = merge([], tests, aborted);
    expect(all.map(({ outcome }) => outcome)).toEqual(['passed', 'failed']);
    expect(all[1]).toMatchObject({ specification: 'XEP-0199', note: 'ended the suite: oops' });
  });

  it('of further parts are added, and none counts twice', () => {
    const first = read(line('a', 'passed'), line('b', 'failed'));
    const all = merge(first, read(line('b', 'passed'), line('c', 'passed')), undefined);
    expect(all.map(({ method, outcome }) => `${method} ${outcome}`)).toEqual([
      'a passed',
      'b failed',
      'c passed',
    ]);
  });

  it('are counted by specification and in all', () => {
    const rows = bySpecification(
      read(
        line('a', 'passed'),
        line('b', 'failed'),
        line('c', 'impossible', { specification: 'RFC6120' }),
      ),
    );
    expect(rows).toEqual([
      { specification: 'RFC 6120', passed: 0, failed: 0, impossible: 1 },
      { specification: 'XEP-0199', passed: 1, failed: 1, impossible: 0 },
    ]);
    expect(totalOf(rows)).toMatchObject({ passed: 1, failed: 1, impossible: 1 });
  });
});

describe('the verdict', () => {
  const explained = (name: string) => [{ name, clause: 'XEP-0199 §4', reason: 'it is so' }];

  it('is a failure for each test that nothing explains', () => {
    const tests = read(line('a', 'failed'), line('b', 'failed'));
    const verdict = judge(tests, explained('PingTest.a'));
    expect(verdict.unexplained.map(({ method }) => method)).toEqual(['b']);
    expect(verdict.explained.map(({ outcome }) => outcome.method)).toEqual(['a']);
  });

  it('takes one explanation for a whole class', () => {
    const tests = read(line('a', 'failed'), line('b', 'failed'));
    expect(judge(tests, explained('PingTest.*')).unexplained).toEqual([]);
    expect(judge(tests, explained('Ping.*')).unexplained).toHaveLength(2);
  });

  it('tells of explanations that nothing needs any more', () => {
    const passed = read(line('a', 'passed'));
    expect(judge(passed, explained('PingTest.a')).stale).toHaveLength(1);
    expect(judge(passed, explained('OtherTest.a')).stale).toHaveLength(0);
    expect(judge(read(line('a', 'impossible')), explained('PingTest.a')).stale).toHaveLength(0);
  });
});

describe('the report', () => {
  const tests = read(line('a', 'passed'), line('b', 'failed', { note: 'no <pong/> | none' }));
  const peers = [{ name: 'Peer 1', counts: { 'XEP-0199': [1, 0, 1] as const } }];

  it('puts the counts of peers beside ours', () => {
    expect(table(tests, peers).split('\n')).toEqual([
      'specification  methods  passed  failed  not possible  Peer 1',
      'XEP-0199             2       1       1             0   1/0/1',
      'all                  2       1       1             0   1/0/1',
    ]);
  });

  it('lists failures in the page, written so that Markdown shows them', () => {
    const text = section(tests, peers, judge(tests, []));
    expect(text).toContain('| XEP-0199 | 2 | 1 | 1 | 0 | 1/0/1 |');
    expect(text).toContain('- XEP-0199 §4.2 PingTest.b: no \\<pong/> \\| none');
  });
});
