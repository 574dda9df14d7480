// Commands about the modules of the running server, and about the path of a message through it.
import { integer, words } from './arguments.ts';
import { command, requireWorkers } from './command.ts';

export interface ModuleInfo {
  readonly name: string;
  readonly summary: string;
  readonly running: boolean;
}

export const moduleList = command({
  noun: 'module',
  verb: 'list',
  describe: 'Lists the modules that run, and those that were stopped.',
  args: {},
  offline: true,
  run: async (context) => ({
    modules: (await requireWorkers(context).one('module.list')) as readonly ModuleInfo[],
  }),
});

const moduleName = words(200);

export const moduleStart = command({
  noun: 'module',
  verb: 'start',
  describe: 'Starts a module that was stopped; until the next restart.',
  args: { name: moduleName },
  offline: false,
  async run(context, args) {
    await requireWorkers(context).all('module.start', args);
    return args;
  },
});

export const moduleStop = command({
  noun: 'module',
  verb: 'stop',
  describe: 'Stops a module; until the next restart.',
  args: { name: moduleName },
  offline: false,
  async run(context, args) {
    await requireWorkers(context).all('module.stop', args);
    return args;
  },
});

export interface HookInfo {
  readonly hook: string;
  readonly order: number;
  readonly module: string;
  readonly why: string;
}

export const hooks = command({
  noun: 'server',
  verb: 'hooks',
  describe: 'Lists what runs at each hook, in its order.',
  args: {},
  offline: true,
  run: async (context) => ({
    hooks: (await requireWorkers(context).one('module.hooks')) as readonly HookInfo[],
  }),
});

export interface XepInfo {
  readonly spec: string;
  readonly version: string;
  readonly status: string;
  readonly module: string;
  readonly note?: string;
}

export const xeps = command({
  noun: 'server',
  verb: 'xeps',
  describe: 'Lists the specifications that the loaded modules follow.',
  args: {},
  offline: true,
  run: async (context) => ({
    specifications: (await requireWorkers(context).one('module.xeps')) as readonly XepInfo[],
  }),
});

/** One thing that happened to a message that is traced. */
export interface TraceEvent {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly stage: 'accepted' | 'stopped' | 'received' | 'stored' | 'proven';
  /** The id its client gave it. */
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly detail: string;
}

const TRACE_MAX_S = 3600;

export const traceStart = command({
  noun: 'trace',
  verb: 'start',
  describe: 'Follows messages by their id or by an address of theirs, for so many seconds.',
  args: { what: words(3071), seconds: integer(1, TRACE_MAX_S) },
  offline: false,
  async run(context, args) {
    await requireWorkers(context).all('trace.start', args);
    return args;
  },
});

export const traceRead = command({
  noun: 'trace',
  verb: 'read',
  describe: 'Tells what was followed since this was last asked.',
  args: {},
  offline: false,
  async run(context) {
    const parts = (await requireWorkers(context).all('trace.read')) as TraceEvent[][];
    return { events: parts.flat().sort((a, b) => a.at - b.at) };
  },
});

export const traceStop = command({
  noun: 'trace',
  verb: 'stop',
  describe: 'Follows nothing any more.',
  args: {},
  offline: false,
  async run(context) {
    await requireWorkers(context).all('trace.stop');
    return { stopped: true };
  },
});
