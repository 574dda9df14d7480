// Switches off one check of the reader after the other and names the test that notices: node test/fuzz/mutants.js
// Works on a copy of dist/xml, so run `npm run build` first. Exits with 1 if a mutant survives.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { check, read } from './check.js';
import { damage, seeded, stream } from './generate.js';

const { values } = parseArgs({
  options: {
    dist: { type: 'string', default: resolve(import.meta.dirname, '../../dist') },
    /** Streams to generate before a mutant counts as survived. */
    count: { type: 'string', default: '30000' },
    only: { type: 'string' },
  },
});

/** @typedef {{name: string, file: string, find: string | RegExp, replace: string}} Mutant */

/** @param {string} name @param {string} file @param {string} message text of the check that is switched off */
const without = (name, file, message) => ({
  name,
  file,
  find: new RegExp(
    `(?:return )?fail\\('[a-z-]+', '${message.replace(/[\\[\]().*+?^$|&<>!/]/g, '\\$&')}'\\)`,
  ),
  replace: 'undefined',
});

/** @type {Mutant[]} */
const MUTANTS = [
  without(']]> in text', 'scanner.js', ']]> in character data'),
  {
    name: 'control characters in text and values',
    file: 'scanner.js',
    find: /fail\('not-well-formed', 'control character'\)/g,
    replace: 'pos++',
  },
  without('processing instructions', 'scanner.js', 'processing instruction'),
  without('space in front of an attribute', 'scanner.js', 'white space must precede an attribute'),
  // A second colon would also be refused as an undeclared prefix: only the reason given shows the check.
  without('colons in a name', 'scanner.js', 'colon in a name'),
  without('wide characters in a name', 'scanner.js', 'character in a name'),
  without('first character of a name', 'scanner.js', 'first character of a name'),
  {
    name: 'first character of a name, quick way',
    file: 'scan-state.js',
    find: '|| NO_NAME_START[buf[from]] === 1',
    replace: '',
  },
  {
    name: 'first character of an attribute, quick way',
    file: 'scan-state.js',
    find: '|| NO_NAME_START[buf[name]] === 1',
    replace: '',
  },
  without('first character of a local name', 'scanner.js', 'first character of a local name'),
  without('equals sign', 'scanner.js', 'attribute without a value'),
  without('quotes', 'scanner.js', 'attribute value without quotes'),
  {
    name: '< in a value',
    file: 'scanner.js',
    find: "fail('not-well-formed', '< in an attribute value')",
    replace: 'pos++',
  },
  without('> after /', 'scanner.js', '/ in a tag'),
  {
    name: 'name of an end tag',
    file: 'scanner.js',
    find: '&& buf[pos] === name[start + matched]',
    replace: '',
  },
  {
    name: 'end of an end tag',
    file: 'scanner.js',
    find: /if \(c !== GT\)\s*fail\('not-well-formed', 'end tag does not match'\)/,
    replace: ';',
  },
  without(
    'text outside of the root',
    'scan-state.js',
    'character data outside of the root element',
  ),
  without('text between stanzas', 'scan-state.js', 'character data between stanzas'),
  without('comments', 'scan-state.js', 'comment'),
  without('UTF-8', 'scan-state.js', 'not UTF-8'),
  {
    name: 'overlong and surrogates',
    file: 'chars.js',
    find: '(a === 0xe0 && b < 0xa0) || (a === 0xed && b > 0x9f)',
    replace: 'false',
  },
  { name: 'overlong, two bytes', file: 'chars.js', find: 'a < 0xc2', replace: 'a < 0xc0' },
  {
    name: 'overlong, four bytes, and beyond Unicode',
    file: 'chars.js',
    find: '(a === 0xf0 && b < 0x90) || (a === 0xf4 && b > 0x8f)',
    replace: 'false',
  },
  {
    name: 'U+FFFE and U+FFFF',
    file: 'chars.js',
    find: 'a === 0xef && b === 0xbf && c >= 0xbe',
    replace: 'false',
  },
  without('references to no character', 'references.js', 'reference to what is no XML character'),
  without('digits of a reference', 'references.js', 'bad digit in a character reference'),
  without('entities', 'references.js', 'entity reference'),
  without('a bare &', 'scan-state.js', 'a bare &'),
  without('attribute given twice', 'namespaces.js', 'attribute given twice'),
  {
    name: 'need to look for attributes given twice',
    file: 'scan-state.js',
    find: 'this.needsResolving = true',
    replace: 'undefined',
  },
  {
    name: 'prefix of an attribute',
    file: 'namespaces.js',
    find: /fail\('not-well-formed', 'prefix of an attribute is not declared'\)/,
    replace: 'continue',
  },
  {
    name: 'prefix of an element',
    file: 'namespaces.js',
    find: /fail\('not-well-formed', 'prefix of an element is not declared'\)/,
    replace: 'return outcome',
  },
  without('the prefix xmlns declared', 'namespaces.js', 'the prefix xmlns cannot be declared'),
  without(
    'the prefix xml re-bound',
    'namespaces.js',
    'the prefix xml and its namespace belong together',
  ),
  without('the xmlns namespace bound', 'namespaces.js', 'the xmlns namespace cannot be declared'),
  without('prefixes undeclared', 'namespaces.js', 'a prefix cannot be undeclared'),
  without(
    'reserved default namespaces',
    'namespaces.js',
    'a reserved namespace cannot be the default one',
  ),
  {
    name: 'scope of prefixes',
    file: 'tag-sink.js',
    find: /if \(this\.scopes\.innermostDepth > depth\)\s*this\.scopes\.popTo\(depth\);/,
    replace: '',
  },
  without('the XML declaration', 'prolog.js', 'XML declaration'),
  {
    name: 'CDATA is not plain',
    file: 'scanner.js',
    find: /this\.isPlain = false;(\s*mark = pos;)/,
    replace: '$1',
  },
  {
    name: 'outer prefixes are not plain',
    file: 'tag-sink.js',
    find: 'if (outcome !== 0)',
    replace: 'if (false)',
  },
  {
    name: 'claims are not plain',
    file: 'tag-sink.js',
    find: '(kind.claimsStanza || kind.ns === this.ns)',
    replace: 'false',
  },
  {
    name: 'foreign claims are dropped',
    file: 'forward.js',
    find: 'child.ns === frameNs && child.ns !== stanza.ns',
    replace: 'false',
  },
  {
    name: 'values are normalised',
    file: 'references.js',
    find: "isAttribute ? ' ' : '\\n'",
    replace: "'\\n'",
  },
  {
    name: 'CRLF is one line end',
    file: 'references.js',
    find: /byte === CR && pos \+ 1 < end && buf\[pos \+ 1\] === LF \? 2 : 1/,
    replace: '1',
  },
  { name: 'writer escapes CR', file: 'writer.js', find: "'\\r': '&#xD;'", replace: "'\\r': '\\r'" },
  {
    name: 'writer escapes TAB',
    file: 'writer.js',
    find: "'\\t': '&#x9;'",
    replace: "'\\t': '\\t'",
  },
  {
    name: 'end of a name carried over chunks',
    file: 'scanner.js',
    find: 'this.colon = colon === NONE ? NONE : colon - base',
    replace: 'this.colon = NONE',
  },
];

/** Short streams that aim at one check each; what a random stream seldom hits. */
const AIMED = [
  '<a xmlns:xmlns="urn:a"/>',
  '<xmlns:a/>',
  '<a xmlns:x="http://www.w3.org/2000/xmlns/"/>',
  '<a xmlns:xml="urn:x"/>',
  '<a>&#x;</a>',
  '<a>&#;</a>',
  '<a><x>&#x110000;</x></a>',
  '<a></a b>',
  '<a></ab>',
  '<1/>',
  '<a 1=""/>',
  '<a xmlns:p="u"><p:1/></a>',
  '<a><b xmlns:p="u"/><p:c/></a>',
  '<\u0300/>',
  '<a a="" a=""/>',
  '<a>\ufffe</a>',
  '<a b/>',
  '<a b=c/>',
  '<a/ >',
  '<a xmlns="http://www.w3.org/2000/xmlns/"/>',
  '<a>&x;</a>',
  '<a>& </a>',
  '<a>\r\n</a>',
  '<a b="\r\n\t"/>',
  '<a>]]></a>',
  '<a><b><![CDATA[\r<]]></b></a>',
  '<a><b xmlns="jabber:server"/></a>',
  '<p:a xmlns:p="u"/>',
  '<a p:b=""/>',
  '<a xmlns:p=""/>',
  '<a::b/>',
  '<a b="c"d="e"/>',
  '<a><b xmlns="http://www.w3.org/2000/xmlns/"/></a>',
  '<a><b>&#xD;&#9;</b><c d="&#xD;&#9;"/></a>',
].map((text) => Buffer.from(`<s xmlns='jabber:client'>${text}</s>`));
for (const bytes of [
  [0xc0, 0xaf],
  [0xe0, 0x80, 0xaf],
  [0xf0, 0x80, 0x80, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xff],
]) {
  const [head, tail] = ["<s xmlns='jabber:client'><a>", '</a></s>'].map((text) =>
    Buffer.from(text),
  );
  AIMED.push(
    Buffer.concat([/** @type {Buffer} */ (head), Buffer.from(bytes), /** @type {Buffer} */ (tail)]),
  );
}
AIMED.push(Buffer.from("<?xml version='1.1'?><s xmlns='u'/>"), Buffer.from("x<s xmlns='u'/>"));

/** What must be refused for its own reason: other checks would refuse it too, and tell the peer something else. */
const REASONS = [
  ['<a><!-- --></a>', 'restricted-xml: comment'],
  ['<?x?>', 'restricted-xml: processing instruction'],
  ["<?xml version='1.0'?>", 'restricted-xml: processing instruction'],
  ['<a b=cxc/>', 'not-well-formed: attribute value without quotes'],
  ['xa/>', 'invalid-xml: character data between stanzas'],
  ['<a>& </a>', 'not-well-formed: a bare &'],
  ['<p:b:c/>', 'not-well-formed: colon in a name'],
  ['<a>\xff</a>', 'unsupported-encoding: not UTF-8'],
].map(([text, reason]) => [Buffer.from(`<s xmlns='jabber:client'>${text}</s>`, 'latin1'), reason]);
REASONS.push([Buffer.from('x<s/>'), 'not-well-formed: character data outside of the root element']);

/** @param {string} dir a compiled src/xml */
async function load(dir) {
  const at = (/** @type {string} */ file) => import(pathToFileURL(join(dir, file)).href);
  const files = [
    'tokenizer.js',
    'xml-context.js',
    'forward.js',
    'writer.js',
    'take-stanza.js',
    'limits.js',
  ];
  const [tokenizer, context, forward, writer, take, limits] = await Promise.all(files.map(at));
  return {
    Tokenizer: tokenizer.Tokenizer,
    XmlContext: context.XmlContext,
    render: forward.render,
    element: writer.element,
    readStanza: take.readStanza,
    limits: limits.STANZA_LIMITS,
  };
}

/** @param {import('./check.js').Library} lib @returns {string | undefined} what noticed */
function notice(lib) {
  const forced = new lib.XmlContext();
  forced.forceRewrite = true;
  const contexts = [new lib.XmlContext(), forced];
  const attempt = (/** @type {Buffer} */ bytes, /** @type {string} */ where) => {
    try {
      check(lib, bytes, { splits: [[1], [3, 2]], contexts });
      return undefined;
    } catch (error) {
      return `${where}: ${String(/** @type {any} */ (error).message).split('\n')[0]}`;
    }
  };
  for (const [bytes, reason] of /** @type {[Buffer, string][]} */ (REASONS)) {
    const { error } = read(lib, contexts[0], bytes, [bytes.length]);
    if (error?.message !== reason) return `reason: ${reason}`;
  }
  for (const bytes of AIMED) {
    const found = attempt(bytes, `aimed at ${bytes.toString('latin1').slice(0, 60)}`);
    if (found !== undefined) return found;
  }
  for (let seed = 1; seed <= Number(values.count); seed++) {
    const pick = seeded(seed);
    let bytes = Buffer.from(stream(pick));
    if (pick(2) === 0) bytes = damage(pick, bytes);
    const found = attempt(bytes, `seed ${seed}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

let survivors = 0;
for (const mutant of MUTANTS) {
  if (values.only !== undefined && !mutant.name.includes(values.only)) continue;
  // Beside the original, so that imports of packages resolve.
  const root = mkdtempSync(join(dirname(resolve(values.dist)), '.mutant-'));
  try {
    cpSync(resolve(values.dist, 'xml'), join(root, 'xml'), { recursive: true });
    cpSync(resolve(values.dist, 'util'), join(root, 'util'), { recursive: true });
    const file = join(root, 'xml', mutant.file);
    const source = readFileSync(file, 'utf8');
    const changed = source.replace(mutant.find, mutant.replace);
    const found =
      changed === source
        ? undefined
        : (writeFileSync(file, changed), notice(await load(join(root, 'xml'))));
    if (found === undefined) survivors++;
    const outcome = changed === source ? 'NOT APPLIED' : (found ?? 'SURVIVED');
    console.log(`${mutant.name.padEnd(44)} ${outcome}`);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
console.log(`${survivors} of ${MUTANTS.length} not noticed`);
process.exit(survivors === 0 ? 0 : 1);
