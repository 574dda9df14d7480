// A reload in a worker: what changed is written where the parts look it up. No stream is dropped but those of a host that
// is served no longer.
import type { Authenticator } from '../auth/authenticator.ts';
import type { Hashing } from '../auth/hashing.ts';
import type { C2sParts } from '../c2s/c2s-parts.ts';
import type { ClientStream } from '../c2s/client-stream.ts';
import type { Settings } from '../config/index.ts';
import type { Certificates } from './certificates.ts';
import type { Domain } from './domain.ts';
import { anonymousHosts, clientSettings } from './worker-settings.ts';

/** What client streams look up at each use, and a reload replaces. */
export type LiveC2sParts = {
  -readonly [K in 'settings' | 'auth' | 'anonymousHosts' | 'defaultDomain']: C2sParts[K];
} & {
  readonly transport: { writeBufferBytes: number };
};

export interface LiveParts {
  readonly domain: Pick<Domain, 'configure' | 'serve' | 'sessions'>;
  readonly c2s: LiveC2sParts;
  readonly certificates: Pick<Certificates, 'reload'>;
  readonly hashing: Pick<Hashing, 'maxQueued'> & { maxQueued: number };
  /** Undefined: devices are not remembered. */
  readonly devices: { maxDevices: number } | undefined;
  readonly streams: ReadonlySet<Pick<ClientStream, 'reconfigured' | 'hostGone' | 'domainAsked'>>;
  readonly authenticator: (settings: Settings) => Authenticator;
}

export class LiveSettings {
  private readonly parts: LiveParts;
  /** What holds now. */
  current: Settings;

  constructor(settings: Settings, parts: LiveParts) {
    this.current = settings;
    this.parts = parts;
  }

  /**
   * Makes settings hold, the live ones among them; the others are those of the start. Certificates are read anew in any case.
   * @throws OperatorError `certificate-unreadable`, `certificate-unusable`; then nothing has changed
   */
  apply(settings: Settings): void {
    const { domain, c2s, certificates, hashing, devices, streams } = this.parts;
    certificates.reload(settings);
    this.current = settings;
    c2s.settings = clientSettings(settings);
    c2s.transport.writeBufferBytes = settings.limits.writeBufferBytes;
    c2s.auth = this.parts.authenticator(settings);
    c2s.anonymousHosts = anonymousHosts(settings);
    hashing.maxQueued = settings.auth.maxQueued;
    if (devices !== undefined) devices.maxDevices = settings.auth.devicesPerAccount;
    domain.configure(settings);
    this.serve(settings.hosts.map((host) => host.domain));
    for (const stream of streams) stream.reconfigured();
  }

  private serve(domains: readonly string[]): void {
    const { domain, c2s, streams } = this.parts;
    const isServed = (name: string): boolean => domains.includes(name);
    // While their host is still served: what they were not given goes back to their accounts, and stays there.
    for (const session of [...domain.sessions.all()]) {
      if (!isServed(session.jid.domain)) session.end('host-gone');
    }
    for (const stream of [...streams]) {
      if (stream.domainAsked !== '' && !isServed(stream.domainAsked)) stream.hostGone();
    }
    domain.serve(domains);
    c2s.defaultDomain = domains[0] ?? 'localhost';
  }
}
