// Who may import whom. The tables are the rule; what follows only spells them out for dependency-cruiser.
// eslint.config.js and ARCHITECTURE.md (npm run docs) read the same tables.
import { existsSync, readdirSync } from 'node:fs';

/**
 * Lowest layer first: a folder imports from its own layer and from those above it in this list.
 * `name: what it is for`; a deeper path takes precedence over the folder that holds it.
 */
export const LAYERS = [
  {
    name: 'ground',
    about: 'words that every other file may use',
    folders: { util: 'ports for time, chance and logging; error families of the operator' },
  },
  {
    name: 'language',
    about: 'what XMPP is written in; no input or output',
    folders: {
      xml: 'the one tokenizer and the one writer',
      protocol: 'addresses, stanza and stream errors, forms, paging, string preparation',
    },
  },
  {
    name: 'ports',
    about: 'what the domain asks of the outside, and what modules see of the domain',
    folders: {
      storage: 'units, tickets and reads; no database',
      cluster: 'ordered links between workers, and `done`; no socket',
      placement: 'where an address lives',
      host: 'the module contract: hooks, effects, life-cycle',
    },
  },
  {
    name: 'domain',
    about: 'the messaging itself; its time, chance and storage come through ports',
    folders: {
      auth: 'credentials, SASL mechanisms, throttling of attempts',
      session: 'the delivery queue of one stream, stream management numbers',
      account: "the owner's side of an address: inbox, rules, effects",
      router: 'one decision table for `to`',
      roster: 'contacts and their subscriptions',
      presence: 'who is available, and who is told',
      archive: 'the message archive',
      offline: 'what waits for its user',
      muc: 'rooms',
      pubsub: 'nodes, items, subscriptions',
      modules: 'features that nobody imports, a folder each; standard.ts lists them',
      admin: 'commands written once, for the control socket and the command line',
    },
  },
  {
    name: 'edges',
    about: 'sockets, peers, databases',
    folders: {
      transport: 'bytes in and out: TCP, TLS, WebSocket, BOSH',
      stream: 'one state machine for all kinds of stream',
      c2s: 'clients: a file for each negotiated feature',
      s2s: 'other servers',
      component: 'external components',
      http: 'the HTTP listener and its routes',
      'storage/sqlite': 'back-end: SQLite with one writer',
      'storage/postgres': 'back-end: PostgreSQL',
      'cluster/workers': 'links over Unix sockets',
      'cluster/nats': 'links over NATS',
    },
  },
  {
    name: 'root',
    about: 'puts everything together; the only layer that knows all names',
    folders: {
      config: 'the YAML file, checked and typed',
      observability: 'drivers of the logging port, metrics',
      app: 'start-up as a list of steps, supervisor, roll-over, shutdown',
      cli: 'one file per command',
      'main.ts': 'process entry',
    },
  },
];

/** Driver packages, and the folders that may import them. A package that is not here may be imported anywhere. */
export const DRIVERS = {
  'better-sqlite3': ['storage/sqlite'],
  pg: ['storage/postgres'],
  '@nats-io/*': ['cluster/nats'],
  ws: ['transport'],
  fastify: ['http'],
  '@fastify/*': ['http'],
  pino: ['observability'],
  commander: ['cli', 'main.ts'],
  yaml: ['config'],
  '@xmpp/xml': ['xml'],
  ltx: ['xml'], // types only: eslint sees to that
  // Schemas of options and of command arguments are written where the options are.
  zod: ['config', 'host', 'modules', 'admin', 'cli', 'roster', 'presence'],
  selfsigned: ['app'],
};

/** Folders that never touch the file system, sockets, processes or threads. */
export const NO_IO = [
  ...['xml', 'protocol', 'placement'],
  ...['auth', 'session', 'account', 'router', 'roster', 'presence', 'archive', 'offline', 'muc'],
  'pubsub',
];

/** Domain features whose `index.ts` is a port; with nobody to import it, the folder belongs below modules/. */
const FEATURES = Object.keys(layer('domain').folders).filter(
  (folder) => folder !== 'modules' && folder !== 'admin',
);

// Unit tests, contract suites and what they share (testing/) use real parts of any layer.
const TESTS = String.raw`\.(test|contract)\.ts$|^src/.*/testing/`;

/** @param {string} name */
function layer(name) {
  return /** @type {typeof LAYERS[number]} */ (LAYERS.find((one) => one.name === name));
}

const ALL = LAYERS.flatMap((one) => Object.keys(one.folders));

/** @param {string} path */
const quote = (path) => path.replaceAll('.', String.raw`\.`);

/** A folder's own files, less those of a deeper entry of the table (storage without storage/sqlite). @param {string} folder */
function filesOf(folder) {
  if (folder.endsWith('.ts')) return `${quote(folder)}$`;
  const deeper = ALL.filter((other) => other.startsWith(`${folder}/`)).map((other) =>
    other.slice(folder.length + 1),
  );
  return deeper.length === 0 ? `${folder}/` : `${folder}/(?!(?:${deeper.join('|')})/)`;
}

/** @param {string[]} folders */
const within = (folders) => `^src/(?:${folders.map(filesOf).join('|')})`;

/** @param {string} name npm package, `@scope/*` for all of a scope */
const packagePath = (name) => `node_modules/${quote(name).replace('/*', '/')}(?:/|$|[^/]+/)`;

const layerRules = LAYERS.slice(0, -1).map((one, index) => ({
  name: `${one.name}-imports-downwards`,
  comment: `${one.name}: ${one.about}. It may not know what is built on it.`,
  severity: 'error',
  from: { path: within(Object.keys(one.folders)), pathNot: TESTS },
  to: {
    path: within(LAYERS.slice(index + 1).flatMap((above) => Object.keys(above.folders))),
  },
}));

const driverRules = Object.entries(DRIVERS).map(([name, folders]) => ({
  name: `driver-${name.replace('/*', '').replaceAll(/[@/]/g, '')}`,
  comment: `${name} is imported in ${folders.join(', ')} only.`,
  severity: 'error',
  from: { path: '^src/', pathNot: [...folders.map((f) => `^src/${filesOf(f)}`), TESTS] },
  to: { path: packagePath(name) },
}));

const backends = Object.keys(layer('edges').folders).filter((folder) => folder.includes('/'));

const featureRules = FEATURES.map((folder) => ({
  name: `${folder}-has-users`,
  comment: `Top level only if another feature imports its port: move ${folder} below modules/.`,
  severity: 'error',
  module: { path: `^src/${folder}/index\\.ts$`, numberOfDependentsLessThan: 1 },
  from: { pathNot: [`^src/${folder}/`, within(Object.keys(layer('root').folders)), TESTS] },
}));

const known = new Set(ALL.map((path) => path.split('/')[0]));
const strangers = existsSync('src') ? readdirSync('src').filter((name) => !known.has(name)) : [];
if (strangers.length > 0) {
  throw new Error(`.dependency-cruiser.js: src/${strangers.join(', src/')} has no layer`);
}

export default {
  forbidden: [
    ...layerRules,
    ...driverRules,
    ...featureRules,
    {
      name: 'no-cycles',
      comment: 'Files that need each other are one file, or lack a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'modules-by-standard-alone',
      comment: 'A module is reached through the host, never by import; standard.ts lists them.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/modules/', TESTS] },
      to: { path: '^src/modules/', pathNot: String.raw`^src/modules/standard\.ts$` },
    },
    {
      name: 'modules-apart',
      comment: 'Modules do not import each other.',
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/', pathNot: TESTS },
      to: { path: '^src/modules/', pathNot: '^src/modules/$1/' },
    },
    {
      name: 'standard-by-app-alone',
      comment: 'Only the composition root knows the list of modules.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/app/', TESTS] },
      to: { path: String.raw`^src/modules/standard\.ts$` },
    },
    {
      name: 'backends-by-root-alone',
      comment: 'Which back-end stands behind a port is decided in the composition root.',
      severity: 'error',
      from: {
        path: `^src/(?!(?:${backends.join('|')})/)`,
        pathNot: [within(Object.keys(layer('root').folders)), TESTS],
      },
      to: { path: `^src/(?:${backends.join('|')})/` },
    },
    {
      name: 'no-input-or-output-in-the-domain',
      comment: 'Files, sockets, processes and threads belong to edges and back-ends.',
      severity: 'error',
      from: { path: within(NO_IO), pathNot: TESTS },
      to: {
        dependencyTypes: ['core'],
        path: '^(?:node:)?(?:fs|net|tls|http2?|https|dgram|dns|child_process|worker_threads|cluster)(?:/|$)',
      },
    },
    {
      name: 'tests-stay-apart',
      comment: 'The program does not import its tests.',
      severity: 'error',
      from: { path: '^src/', pathNot: TESTS },
      to: { path: [TESTS, '^(?:test|bench|scripts)/'] },
    },
    {
      name: 'resolvable',
      comment: 'A name that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared-packages',
      comment: 'The program runs on what package.json names as dependencies.',
      severity: 'error',
      from: { path: '^src/', pathNot: TESTS },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only'],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
