// Writes src/protocol/tables/*.ts from Unicode data, pinned to the versions named below.
//   node scripts/unicode-tables.js           writes the tables
//   node scripts/unicode-tables.js --check   fails if they are not what the data says
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

// Not newer than the oldest runtime that is supported: its NFC must know every character let through here.
const CURRENT = '16.0.0';
// RFC 3454 is fixed at this version for good.
const STRINGPREP = '3.2.0';

const LAST = 0x10ffff;
const OUT = fileURLToPath(new URL('../src/protocol/tables/', import.meta.url));
const require = createRequire(import.meta.url);

/** Code points of one property value, as an array. */
async function codePoints(version, property, value) {
  const root = dirname(require.resolve(`@unicode/unicode-${version}`));
  const url = pathToFileURL(join(root, property, value, 'code-points.mjs'));
  return (await import(url.href)).default;
}

/** One class letter per code point, filled with `letter` where nothing else is said. */
const column = (letter) => new Array(LAST + 1).fill(letter);

async function paint(target, letter, version, property, values) {
  for (const value of values) {
    for (const cp of await codePoints(version, property, value)) target[cp] = letter;
  }
}

function paintRanges(target, letter, ranges) {
  for (const [first, last = first] of ranges) {
    for (let cp = first; cp <= last; cp++) target[cp] = letter;
  }
}

// RFC 8264 §8: the algorithm, its steps in reverse order so that the earlier one of the RFC paints last.
async function precis() {
  const classes = column('D');
  const category = (letter, values) => paint(classes, letter, CURRENT, 'General_Category', values);
  const binary = (letter, value) => paint(classes, letter, CURRENT, 'Binary_Property', [value]);
  // §9.14–§9.16, §9.13: punctuation, symbols, spaces, other letters and digits.
  await category('F', ['Punctuation', 'Symbol', 'Space_Separator']);
  await category('F', ['Titlecase_Letter', 'Letter_Number', 'Other_Number', 'Enclosing_Mark']);
  // §9.1: letters and digits.
  await category('P', ['Lowercase_Letter', 'Uppercase_Letter', 'Other_Letter', 'Decimal_Number']);
  await category('P', ['Modifier_Letter', 'Nonspacing_Mark', 'Spacing_Mark']);
  // §9.17: characters with a compatibility equivalent.
  for (let cp = 0; cp <= LAST; cp++) {
    if (cp >= 0xd800 && cp <= 0xdfff) continue;
    const char = String.fromCodePoint(cp);
    if (char.normalize('NFKC') !== char) classes[cp] = 'F';
  }
  await category('D', ['Control', 'Surrogate', 'Private_Use']); // §9.12
  await binary('D', 'Default_Ignorable_Code_Point'); // §9.13, with the noncharacters below
  // §9.9: conjoining jamo of the types L, V and T.
  paintRanges(classes, 'D', [
    [0x1100, 0x11ff],
    [0xa960, 0xa97c],
    [0xd7b0, 0xd7c6],
    [0xd7cb, 0xd7fb],
  ]);
  await binary('J', 'Join_Control'); // §9.8
  paintRanges(classes, 'P', [[0x21, 0x7e]]); // §9.11: ASCII7
  await category('U', ['Unassigned']); // §9.10
  await binary('D', 'Noncharacter_Code_Point');
  // §9.6: exceptions, those of RFC 5892 §2.6.
  const exceptions = {
    P: [[0xdf], [0x3c2], [0x6fd], [0x6fe], [0xf0b], [0x3007]],
    O: [[0xb7], [0x375], [0x5f3], [0x5f4], [0x30fb], [0x660, 0x669], [0x6f0, 0x6f9]],
    D: [[0x640], [0x7fa], [0x302e], [0x302f], [0x3031, 0x3035], [0x303b]],
  };
  for (const [letter, ranges] of Object.entries(exceptions)) paintRanges(classes, letter, ranges);
  return classes;
}

// RFC 5893 §2: the classes its rule names; X is every other one.
async function bidi() {
  const names = {
    L: 'Left_To_Right',
    R: 'Right_To_Left',
    A: 'Arabic_Letter',
    N: 'Arabic_Number',
    E: 'European_Number',
    S: 'European_Separator',
    C: 'Common_Separator',
    T: 'European_Terminator',
    O: 'Other_Neutral',
    B: 'Boundary_Neutral',
    M: 'Nonspacing_Mark',
  };
  const classes = column('X');
  for (const [letter, name] of Object.entries(names)) {
    await paint(classes, letter, CURRENT, 'Bidi_Class', [name]);
  }
  return classes;
}

// RFC 5892 appendix A.1, A.2: joining types L, D, R, T, U. Viramas are V if also transparent, else W.
async function joining() {
  const classes = column('U');
  // The data lists only what differs: marks and format characters are transparent unless it says otherwise.
  await paint(classes, 'T', CURRENT, 'General_Category', [
    'Nonspacing_Mark',
    'Enclosing_Mark',
    'Format',
  ]);
  await paint(classes, 'U', CURRENT, 'Joining_Type', ['Non_Joining', 'Join_Causing']);
  const names = { L: 'Left_Joining', D: 'Dual_Joining', R: 'Right_Joining', T: 'Transparent' };
  for (const [letter, name] of Object.entries(names)) {
    await paint(classes, letter, CURRENT, 'Joining_Type', [name]);
  }
  for (const cp of await codePoints(CURRENT, 'General_Category', 'Mark')) {
    if (hasViramaClass(String.fromCodePoint(cp))) classes[cp] = classes[cp] === 'T' ? 'V' : 'W';
  }
  return classes;
}

// The packages do not ship Canonical_Combining_Class. Class 9 lies between U+3099 (8) and U+05B0 (10), and
// canonical ordering shows it: the mark sorts behind the one and before the other.
function hasViramaClass(mark) {
  return (
    (mark + '\u3099').normalize('NFD') === '\u3099' + mark &&
    ('\u05b0' + mark).normalize('NFD') === mark + '\u05b0'
  );
}

// RFC 5892 appendix A.4 – A.7: G Greek, H Hebrew, K Hiragana, Katakana or Han.
async function scripts() {
  const classes = column('X');
  await paint(classes, 'G', CURRENT, 'Script', ['Greek']);
  await paint(classes, 'H', CURRENT, 'Script', ['Hebrew']);
  await paint(classes, 'K', CURRENT, 'Script', ['Hiragana', 'Katakana', 'Han']);
  return classes;
}

// RFC 3454: U is table A.1 (with the noncharacters of C.4), R is D.1, L is D.2, X the rest.
async function stringprep() {
  const classes = column('X');
  await paint(classes, 'L', STRINGPREP, 'Bidi_Class', ['Left_To_Right']);
  await paint(classes, 'R', STRINGPREP, 'Bidi_Class', ['Right_To_Left', 'Arabic_Letter']);
  await paint(classes, 'U', STRINGPREP, 'General_Category', ['Unassigned']);
  return classes;
}

/** Runs as a class letter and a base-36 length. */
function pack(classes) {
  const runs = [];
  let start = 0;
  for (let cp = 1; cp <= LAST + 1; cp++) {
    if (classes[cp] === classes[start]) continue;
    runs.push(classes[start] + (cp - start).toString(36));
    start = cp;
  }
  return runs.join('');
}

function render(name, version, about, packed) {
  const lines = packed.match(/.{1,94}/g).map((line) => `  '${line}',`);
  return [
    `// Generated by scripts/unicode-tables.js from Unicode ${version}; not to be edited.`,
    `// ${about}`,
    '',
    `export const ${name} = [`,
    ...lines,
    "].join('');",
    '',
  ].join('\n');
}

const TABLES = [
  [
    'precis',
    'PRECIS',
    CURRENT,
    precis,
    'Derived property of RFC 8264 §8: P PVALID, F FREE_PVAL, J CONTEXTJ, O CONTEXTO, D DISALLOWED, U UNASSIGNED.',
  ],
  [
    'bidi',
    'BIDI',
    CURRENT,
    bidi,
    'Bidi classes: L, R, A (AL), N (AN), E (EN), S (ES), C (CS), T (ET), O (ON), B (BN), M (NSM), X (others).',
  ],
  [
    'joining',
    'JOINING',
    CURRENT,
    joining,
    'Joining types L, D, R, T, U; viramas are V (transparent too) or W.',
  ],
  [
    'scripts',
    'SCRIPTS',
    CURRENT,
    scripts,
    'Scripts: G Greek, H Hebrew, K Hiragana, Katakana or Han, X others.',
  ],
  [
    'stringprep',
    'STRINGPREP',
    STRINGPREP,
    stringprep,
    'RFC 3454: U unassigned (A.1), R RandALCat (D.1), L LCat (D.2), X others.',
  ],
];

const check = process.argv.includes('--check');
if (check && readdirSync(OUT).length !== TABLES.length) process.exitCode = 1;
for (const [file, name, version, build, about] of TABLES) {
  const path = join(OUT, `${file}.ts`);
  const content = render(name, version, about, pack(await build()));
  if (!check) {
    writeFileSync(path, content);
    console.log(`${path}: ${content.length} bytes`);
  } else if (readFileSync(path, 'utf8') !== content) {
    console.error(`${path} is not what Unicode ${version} says; run scripts/unicode-tables.js`);
    process.exitCode = 1;
  }
}
