// What a reload did or would do, for people.
import type { ConfigReport, OptionChange } from '../admin/index.ts';
import type { Terminal } from './terminal.ts';

/** @param done whether it was carried out */
export function renderConfigReport(
  terminal: Terminal,
  { file, changes }: ConfigReport,
  done: boolean,
): string {
  const name = file ?? 'no file, the built-in defaults';
  if (changes.length === 0) return `${name}: nothing differs from what runs.`;
  const now = changes.filter(({ live }) => live);
  const later = changes.filter(({ live }) => !live);
  return [
    `${name}: ${String(changes.length)} ${changes.length === 1 ? 'option differs' : 'options differ'}.`,
    ...now.map((each) => line(each, terminal.paint('green', done ? 'now' : 'at reload'))),
    ...later.map((each) => line(each, terminal.paint('yellow', 'at restart'))),
  ].join('\n');
}

function line({ option, from, to }: OptionChange, when: string): string {
  return `  ${option}: ${from ?? '(none)'} → ${to ?? '(none)'}  [${when}]`;
}
