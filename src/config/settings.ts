// The options of the server, as one schema: the types, the checks, the example file and the reference page all come from it.
import { z } from 'zod';
import type { Domain } from '../protocol/jid.ts';
import { hosts } from './host-options.ts';
import {
  accountAddress,
  count,
  durationMs,
  localPort,
  network,
  option,
  path,
  section,
  sizeBytes,
  type OptionMeta,
} from './values.ts';

export const LISTENER_KINDS = ['c2s', 'c2s-tls'] as const;
export type ListenerKind = (typeof LISTENER_KINDS)[number];

/** RFC 6120 §14.7 and XEP-0368 §2: the ports that clients try first. */
export const DEFAULT_PORTS: Readonly<Record<ListenerKind, number>> = { c2s: 5222, 'c2s-tls': 5223 };

/** Every interface, IPv6 and IPv4. */
const EVERY_ADDRESS = ['::', '0.0.0.0'];

/** In the order of preference in which they are offered. */
export const MECHANISMS = [
  'SCRAM-SHA-512-PLUS',
  'SCRAM-SHA-256-PLUS',
  'SCRAM-SHA-1-PLUS',
  'SCRAM-SHA-512',
  'SCRAM-SHA-256',
  'SCRAM-SHA-1',
  'PLAIN',
] as const;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['auto', 'json', 'pretty'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

const listener = z
  .strictObject({
    kind: z.enum(LISTENER_KINDS).meta({
      description:
        '`c2s` begins in the clear and upgrades (STARTTLS); `c2s-tls` is TLS from the first byte.',
      live: false,
    } satisfies OptionMeta),
    address: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .optional()
      .meta({
        description: 'One address to listen on, or a list of them.',
        live: false,
        defaultText: 'every interface, IPv6 and IPv4',
      } satisfies OptionMeta),
    port: count({ max: 65_535 })
      .optional()
      .meta({
        description: 'The TCP port; 0 takes any free one.',
        live: false,
        defaultText: '5222 for c2s, 5223 for c2s-tls',
      } satisfies OptionMeta),
    proxies: z
      .array(network)
      .optional()
      .meta({
        description:
          'Load balancers that begin each connection with the address of its client (PROXY protocol, version 1 or 2). A connection of theirs without it is closed.',
        live: false,
        defaultText: 'none',
      } satisfies OptionMeta),
  })
  .transform(({ kind, address, port, proxies }) => ({
    kind,
    ...(proxies === undefined ? {} : { proxies }),
    addresses:
      address === undefined ? EVERY_ADDRESS : typeof address === 'string' ? [address] : address,
    port: port ?? DEFAULT_PORTS[kind],
  }));

const limits = section('What one client, one address or one account may take.', {
  maxStanzaBytes: option(sizeBytes({ min: 10_000, max: 16_777_216 }), 262_144, {
    // RFC 6120 §13.12: a limit below 10,000 bytes is not allowed.
    description: 'The largest stanza taken after log-in; a larger one ends its stream.',
    unit: 'bytes',
    live: true,
  }),
  maxStanzaBytesBeforeLogin: option(sizeBytes({ min: 10_000, max: 262_144 }), 16_384, {
    description: 'The largest stanza taken before log-in.',
    unit: 'bytes',
    live: true,
  }),
  connectionsPerAddress: option(count(), 1000, {
    description: 'Connections open at once from one IPv4 address or one IPv6 /64; 0 is no limit.',
    unit: 'connections',
    live: true,
  }),
  unauthenticatedTimeoutMs: option(durationMs({ min: 1000 }), 30_000, {
    description: 'How long a connection may take to log in before it is closed.',
    unit: 'milliseconds',
    live: true,
  }),
  idlePingMs: option(durationMs(), 240_000, {
    description: 'A client silent for this long is asked whether it still lives; 0 never asks.',
    unit: 'milliseconds',
    live: true,
  }),
  pingTimeoutMs: option(durationMs({ min: 1000 }), 60_000, {
    description: 'A client that was asked and stays silent for this long is taken for gone.',
    unit: 'milliseconds',
    live: true,
  }),
  idleTimeoutMs: option(durationMs(), 900_000, {
    description:
      'Where idlePingMs is 0: a connection without a byte received for this long is closed; 0 never closes it.',
    unit: 'milliseconds',
    live: true,
  }),
  bytesPerSecond: option(sizeBytes(), 1_048_576, {
    description:
      'What is read from one stream in the long run; a faster one is slowed, not closed. 0 is no limit.',
    unit: 'bytes per second',
    live: true,
  }),
  burstBytes: option(sizeBytes(), 4_194_304, {
    description: 'How many bytes a stream may send at once before it is slowed.',
    unit: 'bytes',
    live: true,
  }),
  stanzasPerSecond: option(count(), 2000, {
    description:
      'Stanzas taken from one stream in the long run; a faster one is slowed. 0 is no limit.',
    unit: 'stanzas per second',
    live: true,
  }),
  burstStanzas: option(count(), 10_000, {
    description: 'How many stanzas a stream may send at once before it is slowed.',
    unit: 'stanzas',
    live: true,
  }),
  writeBufferBytes: option(sizeBytes({ min: 65_536 }), 2_097_152, {
    description:
      'What waits for a peer that does not read; beyond it the stream ends, and can be resumed.',
    unit: 'bytes',
    live: true,
  }),
  unacknowledgedStanzas: option(count({ min: 1 }), 5000, {
    description:
      'Stanzas kept for a session until its client acknowledges them; beyond it the session ends.',
    unit: 'stanzas',
    live: true,
  }),
  unacknowledgedBytes: option(sizeBytes({ min: 65_536 }), 8_388_608, {
    description: 'The same in bytes.',
    unit: 'bytes',
    live: true,
  }),
  sessionsPerAccount: option(count({ min: 1 }), 32, {
    description: 'Sessions of one account at once, hibernating ones included.',
    unit: 'sessions',
    live: true,
  }),
  workerMemoryBytes: option(sizeBytes({ max: 1_099_511_627_776 }), 0, {
    description:
      'Resident memory of one worker beyond which it sheds load, in stages (docs/guide/daemon.md); 0 is no limit.',
    unit: 'bytes',
    live: true,
  }),
  inboxStanzas: option(count({ min: 1 }), 1000, {
    description:
      'Stanzas that wait for an account while it is being loaded; further ones are refused.',
    unit: 'stanzas',
    live: true,
  }),
});

const moduleSection = z
  .record(z.string(), z.union([z.literal(false), z.record(z.string(), z.unknown()), z.null()]))
  .default({})
  .meta({
    description:
      'Options of modules by name; `false` leaves a module out. Which modules run is decided at the start.',
    live: false,
    allowed: 'a map: module -> its options, or false',
  } satisfies OptionMeta);

/** The whole file. Its keys are the names in the file, in the order in which the documents list them. */
export const settingsSchema = z.strictObject({
  hosts,
  listen: z
    .array(listener)
    .min(1)
    .default([
      { kind: 'c2s', addresses: EVERY_ADDRESS, port: DEFAULT_PORTS.c2s },
      { kind: 'c2s-tls', addresses: EVERY_ADDRESS, port: DEFAULT_PORTS['c2s-tls'] },
    ])
    .meta({
      description: 'Where clients connect.',
      live: false,
      allowed: 'a list of { kind, address, port }',
      example: [{ kind: 'c2s' }, { kind: 'c2s-tls', address: '::', port: 5223 }],
    } satisfies OptionMeta),
  tls: section('Transport security.', {
    required: option(z.boolean(), true, {
      description: 'Whether a client must be under TLS before it may log in.',
      live: true,
    }),
    minVersion: option(z.enum(['TLSv1.2', 'TLSv1.3']), 'TLSv1.2', {
      description: 'The oldest version of TLS accepted.',
      live: true,
    }),
  }),
  data: option(path, 'data', {
    description: 'The directory of the database, of made certificates and of the control socket.',
    live: false,
  }),
  workers: option(z.union([z.literal('auto'), count({ min: 1, max: 64 })]), 'auto', {
    description: 'Processes that serve clients.',
    unit: 'processes',
    live: false,
    defaultText: 'auto: one less than there are cores, at least one',
  }),
  log: section('What the server says of itself, on standard output.', {
    level: option(z.enum(LOG_LEVELS), 'info', {
      description: 'The least severe message that is written.',
      live: true,
    }),
    format: option(z.enum(LOG_FORMATS), 'auto', {
      description: '`auto` is `pretty` on a terminal and `json` elsewhere.',
      live: false,
    }),
  }),
  auth: section('Log-in.', {
    mechanisms: option(z.array(z.enum(MECHANISMS)).min(1), [...MECHANISMS], {
      description:
        'SASL mechanisms offered; -PLUS only where the connection has a channel to bind to.',
      live: true,
    }),
    iterations: option(count({ min: 4096, max: 10_000_000 }), 10_000, {
      // RFC 7677 §4: at least 4096.
      description: 'PBKDF2 iterations of passwords set from now on.',
      unit: 'iterations',
      live: true,
    }),
    tokenLifetimeMs: option(durationMs(), 1_814_400_000, {
      description:
        'How long a token is good that a client logs in with instead of a password (XEP-0484); 0 gives none.',
      unit: 'milliseconds',
      live: true,
    }),
    tokenRotationMs: option(durationMs(), 86_400_000, {
      description: 'A token older than this is replaced when it is used.',
      unit: 'milliseconds',
      live: true,
    }),
    devicesPerAccount: option(count({ min: 1, max: 1000 }), 50, {
      description:
        'Devices remembered of one account, with their tokens; those not seen for longest are forgotten first.',
      unit: 'devices',
      live: true,
    }),
    downgradeProtection: option(z.boolean(), true, {
      description:
        'Whether SCRAM also says which mechanisms were offered, so that a client notices if somebody took some away (XEP-0474). For clients that stumble over it.',
      live: true,
    }),
    plainWithoutTls: option(z.boolean(), false, {
      description: 'Whether a password may be sent in the clear. For tests on loopback only.',
      live: true,
    }),
    maxQueued: option(count({ min: 1, max: 100_000 }), 1000, {
      description: 'Key derivations that may wait; further log-ins get a temporary failure.',
      unit: 'requests',
      live: true,
    }),
  }),
  limits,
  streamManagement: section('Acknowledgement and resumption (XEP-0198).', {
    resumeTimeoutMs: option(durationMs(), 600_000, {
      description: 'How long a session waits for its client to come back.',
      unit: 'milliseconds',
      live: true,
    }),
  }),
  archive: section('The message archive (XEP-0313).', {
    enabled: option(z.boolean(), true, {
      description: 'Whether messages are archived, for sender and recipient.',
      live: true,
    }),
    maxPage: option(count({ min: 1, max: 1000 }), 250, {
      description: 'The largest page a client gets, whatever it asks for.',
      unit: 'messages',
      live: true,
    }),
  }),
  offline: section('Messages that wait for their user and are not archived (XEP-0160).', {
    maxMessages: option(count(), 1000, {
      description: 'How many may wait for one account; the sender of a further one gets an error.',
      unit: 'messages',
      live: true,
    }),
    maxAgeDays: option(count({ max: 36_500 }), 0, {
      description: 'After how long one is dropped; 0 keeps it until it is delivered.',
      unit: 'days',
      live: true,
    }),
  }),
  resourceConflict: option(z.enum(['replace', 'refuse']), 'replace', {
    // RFC 6120 §7.7.2.2
    description:
      'When a client asks for a resource in use: end the older session, or refuse the newer one.',
    live: true,
  }),
  admins: option(z.array(accountAddress), [], {
    description: 'Accounts that may give administrative commands.',
    live: true,
    example: ['alice@example.org'],
  }),
  control: section('The socket that `xmppd status` and its like speak to.', {
    socket: path.optional().meta({
      description: 'Path of the socket.',
      live: false,
      defaultText: 'run/control.sock below the data directory',
    } satisfies OptionMeta),
  }),
  http: section('What is served over HTTP.', {
    metrics: option(z.union([z.literal(false), localPort]), false, {
      description:
        'Where /metrics (for Prometheus), /health and /ready are answered. Nothing is asked of who reads them: keep it on loopback.',
      live: false,
    }),
  }),
  supervisor: section('The process that starts the workers and watches them.', {
    hangTimeoutMs: option(durationMs({ min: 1000 }), 5000, {
      description: 'A worker that gives no sign of life for this long is replaced.',
      unit: 'milliseconds',
      live: false,
    }),
    stopTimeoutMs: option(durationMs({ min: 1000 }), 15_000, {
      description: 'How long a stop waits for sessions to be stored before it ends what is left.',
      unit: 'milliseconds',
      live: false,
    }),
  }),
  modules: moduleSection,
});

type DeepReadonly<T> = T extends string
  ? T
  : T extends readonly (infer E)[]
    ? readonly DeepReadonly<E>[]
    : T extends object
      ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
      : T;

type Parsed = z.output<typeof settingsSchema>;

/** A domain served, with the absolute paths of its certificate. */
export interface HostSettings {
  readonly domain: Domain;
  readonly certificate: string;
  readonly key: string;
  /** The file of the authority for client certificates; undefined: there is none. */
  readonly clientAuthority: string | undefined;
  /** Whoever comes is taken in (XEP-0175). */
  readonly anonymous: boolean;
  /** True when the operator named these files: they must exist. False: they are ours to make below the data directory. */
  readonly given: boolean;
}

/** One way in for clients. */
export interface ListenSettings {
  readonly kind: ListenerKind;
  readonly addresses: readonly string[];
  readonly port: number;
  /** Networks whose connections begin with a PROXY header. */
  readonly proxies?: readonly string[];
}

/** Options of one module, checked by its schema; false: it is left out. Modules that are not named are absent. */
export type ModuleSettings = Readonly<Record<string, unknown>> | false;

/** Everything the operator decided, checked, with defaults filled in. Paths are absolute; durations and sizes are plain numbers. */
export type Settings = DeepReadonly<
  Omit<Parsed, 'hosts' | 'listen' | 'workers' | 'control' | 'modules'>
> & {
  /** The file it came from; undefined: built-in defaults. */
  readonly file: string | undefined;
  readonly hosts: readonly HostSettings[];
  readonly listen: readonly ListenSettings[];
  /** Already resolved: at least 1. */
  readonly workers: number;
  readonly control: { readonly socket: string };
  readonly modules: Readonly<Record<string, ModuleSettings>>;
  /** A switch for tests, from $XMPPD_FORCE_REWRITE: no stanza is copied, every one is written from tokens. */
  readonly forceRewrite: boolean;
  /** A switch for tests, from $XMPPD_SYNCHRONOUS: NORMAL no longer waits for the disk, to show what FULL is for. */
  readonly synchronous: 'FULL' | 'NORMAL';
};
