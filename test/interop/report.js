// The results as a table for the terminal and as docs/interop.md.
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { CHECKS } from './checks.js';

/**
 * @typedef {{ client: typeof import('./clients.js').CLIENTS[number], version: string | undefined,
 *   answers: Map<string, import('./checks.js').Answer> }} Result
 */

const CELLS = {
  passed: 'yes',
  failed: 'NO',
  silent: 'no answer',
  lacks: '·',
};
const WORDS = { failed: 'failed', lacks: 'not in the client' };

function cell(result, id) {
  if (result.version === undefined) return 'not run';
  return CELLS[result.answers.get(id)?.outcome ?? 'silent'];
}

/** @param {readonly Result[]} results */
export function summary(results) {
  let [passed, failed, lacking] = [0, 0, 0];
  for (const result of results) {
    if (result.version === undefined) failed++;
    for (const { outcome } of result.answers.values()) {
      if (outcome === 'passed') passed++;
      else if (outcome === 'lacks') lacking++;
      else failed++;
    }
  }
  return { passed, failed, lacking };
}

function rows(results) {
  return CHECKS.map(({ id, title }) => [title, ...results.map((result) => cell(result, id))]);
}

/** @param {readonly Result[]} results */
export function table(results) {
  const lines = [['', ...results.map(({ client }) => client.name)], ...rows(results)];
  const widths = lines[0].map((_, at) => Math.max(...lines.map((line) => line[at].length)));
  return lines
    .map((line) =>
      line
        .map((text, at) => text.padEnd(widths[at]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function system() {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  } catch {
    return `${os.type()} ${os.release()}`;
  }
}

function notes(results) {
  return results.flatMap(({ client, version, answers }) => {
    if (version === undefined)
      return [`- **${client.name}** is not installed: \`${client.install}\`.`];
    /** Notes that several checks share are told once. */
    const told = new Map();
    for (const { id, title } of CHECKS) {
      const { outcome = 'silent', note } = answers.get(id) ?? {};
      if (outcome === 'passed' && note === undefined) continue;
      const text =
        note?.replace(/\s+/g, ' ').slice(0, 300) ??
        (outcome === 'silent' ? 'its program gave no answer' : 'no reason given');
      const key = `${outcome === 'passed' || outcome === 'silent' ? '' : `${WORDS[outcome]}: `}${text}`;
      told.set(key, [...(told.get(key) ?? []), title]);
    }
    return [...told].map(
      ([text, titles]) => `- **${client.name}**, ${titles.join('; ')}: ${text}.`,
    );
  });
}

/** @param {readonly Result[]} results */
export function page(results) {
  const { passed, failed, lacking } = summary(results);
  const { version } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  const head = ['', ...results.map(({ client }) => client.name)];
  const versions = ['version', ...results.map((result) => result.version ?? 'not installed')];
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return `# Interoperability

Written by \`npm run test:interop\`: each client drives itself against the real server with two workers and a
self-signed certificate on loopback. xmppd ${version}, Node.js ${process.versions.node}, ${system()}.
**${passed} passed, ${failed} failed**, ${lacking} that a client cannot do. \`yes\` is a check that passed, \`NO\` one
that failed, \`·\` something the client does not have (or not in a way a script can reach).

${line(head)}
${line(head.map(() => '---'))}
${line(versions)}
${rows(results).map(line).join('\n')}

## Notes

${notes(results).join('\n')}
`;
}
