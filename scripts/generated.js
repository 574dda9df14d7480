// What generators of documents share: sections between markers, and writing or comparing the result.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Replaces what stands between `<!-- generated: NAME -->` and `<!-- end of NAME -->`.
 * @param {string} text
 * @param {string} name
 * @param {string} content
 */
export function replaceSection(text, name, content) {
  const open = `<!-- generated: ${name} -->`;
  const close = `<!-- end of ${name} -->`;
  const start = text.indexOf(open);
  const end = text.indexOf(close);
  if (start < 0 || end < start) throw new Error(`no section '${name}'`);
  return `${text.slice(0, start + open.length)}\n${content}\n${text.slice(end)}`;
}

/**
 * Writes the file, or with --check fails the process if it is not what the generator would write.
 * @param {URL} file
 * @param {string} text
 */
export function settle(file, text) {
  const same = existsSync(file) && readFileSync(file, 'utf8') === text;
  if (!process.argv.includes('--check')) {
    if (!same) writeFileSync(file, text);
    return;
  }
  if (same) return;
  process.stderr.write(`${fileURLToPath(file)} is stale: run npm run docs\n`);
  process.exitCode = 1;
}
