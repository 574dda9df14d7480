// Writes the tables of folders and layers in ARCHITECTURE.md from the rules that are enforced.
// node scripts/architecture.js [--check]
import { readFileSync } from 'node:fs';
import { DRIVERS, LAYERS } from '../.dependency-cruiser.js';
import { replaceSection, settle } from './generated.js';

const FILE = new URL('../ARCHITECTURE.md', import.meta.url);

const folderRows = LAYERS.flatMap(({ name, folders }) =>
  Object.entries(folders).map(([folder, about]) => `| \`src/${folder}\` | ${name} | ${about} |`),
);
const layerRows = LAYERS.map(({ name, about, folders }, index) => {
  const members = Object.keys(folders).map((folder) => `\`${folder}\``);
  return `| ${index + 1} | ${name} | ${members.join(' ')} | ${about} |`;
});
const driverRows = Object.entries(DRIVERS).map(
  ([driver, folders]) => `| ${driver} | ${folders.map((folder) => `\`${folder}\``).join(' ')} |`,
);

const table = (head, rows) =>
  [`| ${head.join(' | ')} |`, `|${head.map(() => '---|').join('')}`, ...rows].join('\n');

let text = readFileSync(FILE, 'utf8');
text = replaceSection(text, 'folders', table(['folder', 'layer', 'what it holds'], folderRows));
text = replaceSection(text, 'layers', table(['', 'layer', 'folders', 'what it is'], layerRows));
text = replaceSection(text, 'drivers', table(['package', 'imported in'], driverRows));
settle(FILE, text);
