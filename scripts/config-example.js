// Writes config/xmppd.example.yml, docs/reference/configuration.md and docs/reference/errors.md from the tables in the
// built code. With --check it writes nothing and fails when one of them is stale.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderErrorReference } from '../dist/admin/index.js';
import { moduleSchemas } from '../dist/app/module-schemas.js';
import { renderExample, renderReference } from '../dist/config/index.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const check = process.argv.includes('--check');

const modules = await moduleSchemas();

const pages = {
  'config/xmppd.example.yml': renderExample(modules),
  'docs/reference/configuration.md': renderReference(modules),
  'docs/reference/errors.md': renderErrorReference(),
};

for (const [name, text] of Object.entries(pages)) {
  const path = join(root, name);
  if (!check) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(`${name} written`);
  } else if (readText(path) !== text) {
    console.error(`${name} is stale: run npm run docs`);
    process.exitCode = 1;
  }
}

/** @param {string} path */
function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
