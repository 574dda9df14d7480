// What the compiler cannot see. Each rule of our own says in its message what to write instead.
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import globals from 'globals';
import tseslint from 'typescript-eslint';
import { LAYERS } from './.dependency-cruiser.js';
import { noElementToString } from './scripts/eslint/no-element-to-string.js';

const files = (folders) =>
  folders.map((f) => (f.endsWith('.ts') ? `src/${f}` : `src/${f}/**/*.ts`));
const foldersOf = (name) => Object.keys(LAYERS.find((layer) => layer.name === name).folders);

/** The real clock, timers and chance, and the environment: edges of the process, never the domain. */
const MAY_TOUCH_TIME = files([
  'util/system-clock.ts',
  'transport',
  ...foldersOf('edges').filter((folder) => folder.includes('/')),
  ...foldersOf('root').filter((folder) => folder !== 'config'),
]);
const MAY_READ_ENV = files(foldersOf('root'));
const TESTS = [
  'src/**/*.test.ts',
  'src/**/*.contract.ts',
  'src/**/testing/**/*.ts',
  'test/**/*.ts',
];

const SYNTAX = [
  {
    selector: 'ExportDefaultDeclaration',
    message: 'No default exports: a thing has one name everywhere.',
  },
  {
    selector: ':matches(NewExpression, CallExpression)[callee.name="Error"]',
    message: 'No bare Error: StanzaError, StreamError, OperatorError, or InvariantError for a bug.',
  },
  {
    selector:
      ':matches(Program, ExportNamedDeclaration) > VariableDeclaration[kind="let"], ' +
      ':matches(Program, ExportNamedDeclaration) > VariableDeclaration > VariableDeclarator > ' +
      'NewExpression[callee.name=/^(Map|Set|WeakMap|WeakSet)$/][arguments.length=0]',
    message: 'No mutable state of a module: give it to an object that somebody owns.',
  },
  {
    selector:
      'CallExpression[callee.property.name=/^(getChild|getChildText|getChildren)$/][arguments.length=1]',
    message: 'Name the namespace too: getChild(name, ns).',
  },
];
/** noUncheckedIndexedAccess makes an element known to be there read as `a[i]!`. A property or a look-up is tested. */
const ASSERTION = {
  selector:
    'TSNonNullExpression:has(> MemberExpression[computed=false].expression), ' +
    'TSNonNullExpression:has(> CallExpression.expression' +
    ':not([callee.property.name=/^(at|codePointAt|pop|shift)$/]))',
  message: 'Only an element may be asserted (`a[i]!`, `a.pop()!`): test the value.',
};
const TIME_SYNTAX = {
  selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
  message: 'Time comes through the Clock port.',
};

const syntax = (...more) => ({ 'no-restricted-syntax': ['error', ...SYNTAX, ...more] });

const port = (name, which) => ({ name, message: `${which} comes through a port (util/clock.ts).` });
const property = (object, name, message) => ({ object, property: name, message });
const ENV = property('process', 'env', 'The environment is read in config/ alone.');

const LTX = {
  name: 'ltx',
  message: 'ltx neither reads nor writes XML here; its types are for xml/ alone.',
  allowTypeImports: true,
};
const CHANCE = {
  name: 'node:crypto',
  importNames: ['randomBytes', 'randomUUID', 'randomInt', 'randomFill', 'randomFillSync'],
  message: 'Chance comes through the Random port.',
};
const TIMERS = ['node:timers', 'node:timers/promises'].map((name) => ({
  name,
  message: 'Timers come through the Timers port.',
}));
const LTX_WITHIN = {
  group: ['ltx/*'],
  message: 'ltx neither reads nor writes XML here.',
};
const imports = (...paths) => ({
  '@typescript-eslint/no-restricted-imports': [
    'error',
    { paths: [LTX, ...paths], patterns: [LTX_WITHIN] },
  ],
});

export default defineConfig(
  globalIgnores(['dist/', 'data/', 'coverage/', 'test/fuzz/corpus/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    rules: {
      eqeqeq: 'error',
      'max-lines': ['error', 450],
      'no-implicit-coercion': ['error', { boolean: true, number: false, string: true }],
      'object-shorthand': 'error',
      'prefer-const': ['error', { destructuring: 'all' }],
    },
  },
  // Scripts, drivers and configuration files: plain JavaScript, checked without types.
  {
    files: ['**/*.js'],
    languageOptions: { globals: globals.node },
    rules: { 'no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrors: 'none' }] },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { house: { rules: { 'no-element-to-string': noElementToString } } },
    rules: {
      'house/no-element-to-string': 'error',
      // A value that must be awaited by somebody is; a function that merely fits a promise-returning port is fine.
      '@typescript-eslint/require-await': 'off',
      // Ports such as read<Row>(…) name the type of what they return.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // The tighter form of it is in SYNTAX.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/restrict-plus-operands': ['error', { allowNumberAndString: true }],
      '@typescript-eslint/no-misused-promises': [
        'error',
        { checksVoidReturn: { inheritedMethods: false } },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'separate-type-imports' },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      ...syntax(ASSERTION, TIME_SYNTAX),
      ...imports(CHANCE, ...TIMERS),
      'no-console': 'error',
      'no-restricted-globals': [
        'error',
        port('setTimeout', 'Time'),
        port('setInterval', 'Time'),
        port('setImmediate', 'Time'),
        port('performance', 'Time'),
      ],
      'no-restricted-properties': [
        'error',
        property('Date', 'now', 'Time comes through the Clock port.'),
        property('Math', 'random', 'Chance comes through the Random port.'),
        property('process', 'hrtime', 'Time comes through the Clock port.'),
        ENV,
      ],
    },
  },
  {
    files: MAY_TOUCH_TIME,
    rules: {
      ...syntax(ASSERTION),
      ...imports(),
      'no-restricted-globals': 'off',
      'no-restricted-properties': ['error', ENV],
    },
  },
  { files: MAY_READ_ENV, rules: { 'no-restricted-properties': 'off' } },
  // PERF: the tokenizer's loops index tables and stacks whose bounds they keep themselves.
  { files: ['src/xml/**/*.ts'], rules: syntax(TIME_SYNTAX) },
  // String preparation speaks of combining characters one by one.
  { files: ['src/protocol/**/*.ts'], rules: { 'no-misleading-character-class': 'off' } },
  { files: ['src/cli/**/*.ts', 'src/main.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['src/**/*-table.ts', 'src/**/tables/**/*.ts', 'src/**/tables.ts', ...TESTS],
    rules: { 'max-lines': 'off' },
  },
  {
    files: TESTS,
    rules: {
      ...imports(),
      'no-restricted-syntax': 'off',
      'no-restricted-globals': 'off',
      'no-restricted-properties': 'off',
      'no-console': 'off',
      // A test may bend types to hand in what the compiler would refuse.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
    },
  },
);
