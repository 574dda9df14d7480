// The example file and the reference page of the configuration, rendered from the options as data.
import { stringify } from 'yaml';
import { describeOptions, type OptionDoc } from './describe.ts';
import type { ModuleSchemas } from './load.ts';
import type { Settings } from './settings.ts';

const WIDTH = 100;

/**
 * config/xmppd.example.yml: every option commented out with one `#`, at its default or with an example; words behind `##`.
 * Taking away each single `#` gives a file that loads.
 */
export function renderExample(modules: ModuleSchemas = {}): string {
  const head = [
    '## The configuration of xmppd. `npm run docs` writes this file: copy it rather than edit it.',
    '## What is commented out with one # is the default, or shows how to write the option.',
    '## `xmppd config check` checks a file, `xmppd config show` prints what holds.',
    '## Durations: 500ms, 30s, 10m, 1h, 7d, or milliseconds. Sizes: 64 KiB, 1 MB, or bytes.',
    '## Relative paths begin where the file lies.',
    '## (live): a reload applies a change; everything else holds from the next start.',
  ];
  const body = describeOptions(modules).flatMap((option) => ['', ...exampleLines(option, 0)]);
  return [...head, ...body, ''].join('\n');
}

function exampleLines(option: OptionDoc, depth: number): readonly string[] {
  const indent = '  '.repeat(depth);
  const words = wrap(describeWords(option), WIDTH - indent.length - 3);
  const comments = words.map((line) => `${indent}## ${line}`);
  if (option.section) {
    const below = option.children.flatMap((child) => exampleLines(child, depth + 1));
    // A section without options of its own (a module with none) is written on one line.
    const open = below.length === 0 ? `#${indent}${option.name}: {}` : `#${indent}${option.name}:`;
    return [...comments, open, ...below];
  }
  const entries = option.children.flatMap((child) => {
    const text = `${child.name}: ${child.description} ${facts(child)}`;
    return wrap(text, WIDTH - indent.length - 5).map((line) => `${indent}##   ${line}`);
  });
  return [...comments, ...entries, ...valueLines(option, indent)];
}

function valueLines({ name, example }: OptionDoc, indent: string): readonly string[] {
  if (example === undefined) return [];
  if (!example.includes('\n') && !example.includes(': ') && !example.startsWith('- ')) {
    return [`#${indent}${name}: ${example}`];
  }
  return [`#${indent}${name}:`, ...example.split('\n').map((line) => `#${indent}  ${line}`)];
}

function describeWords(option: OptionDoc): string {
  if (option.section) return option.description;
  const live = option.live ? ' (live)' : '';
  return `${option.description} ${facts(option)}${live}`;
}

function facts({ allowed, unit, defaultText, section }: OptionDoc): string {
  if (section) return '';
  const list = [
    unit === undefined ? '' : `Unit: ${unit}.`,
    allowed === '' ? '' : `Allowed: ${allowed}.`,
    defaultText === undefined || defaultText.includes('\n') ? '' : `Default: ${defaultText}.`,
  ];
  return list.filter((each) => each !== '').join(' ');
}

/** Settings as YAML, for people to read. */
export function renderSettings(settings: Settings): string {
  return stringify(settings, { lineWidth: 0 }).trimEnd();
}

/** docs/reference/configuration.md */
export function renderReference(modules: ModuleSchemas = {}): string {
  const options = describeOptions(modules);
  const rows = options.filter((each) => !each.section);
  const sections = options.filter((each) => each.section);
  const lines = [
    '# Configuration reference',
    '',
    'Written from the option tables by `npm run docs`. One YAML file holds the configuration: the one named with',
    '`--config`, else `$XMPPD_CONFIG`, else `./xmppd.yml`, else `/etc/xmppd/xmppd.yml`; without any, the defaults',
    'below hold. `xmppd config check` names every mistake with its line and column; `xmppd config show` prints what',
    'holds. Durations may be written as `500ms`, `30s`, `10m`, `1h`, `7d`, sizes as `64 KiB` or `1 MB`. Relative',
    'paths begin at the directory of the file. *Live* options are applied by a reload, the others at the next start.',
    '',
    '## Top level',
    '',
    ...table(rows, ''),
    ...rows.flatMap((row) => entryTable(row)),
    ...sections.flatMap((each) => sectionPage(each, each.name, 2)),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function entryTable(option: OptionDoc): readonly string[] {
  if (option.children.length === 0) return [];
  return [`### Entries of \`${option.name}\``, '', ...table(option.children, '')];
}

function sectionPage(option: OptionDoc, path: string, level: number): readonly string[] {
  const rows = option.children.filter((each) => !each.section);
  const below = option.children.filter((each) => each.section);
  return [
    `${'#'.repeat(level)} \`${path}\``,
    '',
    ...(option.description === '' ? [] : [option.description, '']),
    ...(rows.length === 0 ? [] : table(rows, `${path}.`)),
    ...below.flatMap((each) => sectionPage(each, `${path}.${each.name}`, level + 1)),
  ];
}

function table(options: readonly OptionDoc[], prefix: string): readonly string[] {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const rows = options.map((option) => {
    const standard =
      option.defaultText === undefined || option.defaultText.includes('\n')
        ? '—'
        : `\`${option.defaultText}\``;
    const cells = [
      `\`${prefix}${option.name}\``,
      option.description,
      standard,
      option.unit ?? '',
      option.allowed,
      option.live ? 'yes' : 'no',
    ];
    return `| ${cells.map(cell).join(' | ')} |`;
  });
  return [
    '| Option | What it does | Default | Unit | Allowed | Live |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ];
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' ? lines : [...lines, line];
}
