// From the operator's settings to what the parts of a worker take.
import type { AccountCacheParts } from '../account/account-cache.ts';
import type { AccountLimits } from '../account/resources.ts';
import type { C2sSettings } from '../c2s/c2s-parts.ts';
import type { Settings } from '../config/index.ts';
import type { SessionLimits } from '../session/session.ts';
import { EARLY_LIMITS, STANZA_LIMITS } from '../xml/limits.ts';

export function clientSettings(settings: Settings): C2sSettings {
  const { limits } = settings;
  return {
    tlsRequired: settings.tls.required,
    beforeLogin: { ...EARLY_LIMITS, maxStanzaBytes: limits.maxStanzaBytesBeforeLogin },
    afterLogin: {
      ...STANZA_LIMITS,
      maxStanzaBytes: limits.maxStanzaBytes,
    },
    unauthenticatedTimeoutMs: limits.unauthenticatedTimeoutMs,
    idlePingMs: limits.idlePingMs,
    pingTimeoutMs: limits.pingTimeoutMs,
    idleTimeoutMs: limits.idleTimeoutMs,
    resumeTimeoutMs: settings.streamManagement.resumeTimeoutMs,
    bytesPerSecond: limits.bytesPerSecond,
    burstBytes: limits.burstBytes,
    stanzasPerSecond: limits.stanzasPerSecond,
    burstStanzas: limits.burstStanzas,
  };
}

/** The domains where anybody may log in without an account. */
export function anonymousHosts({ hosts }: Settings): ReadonlySet<string> {
  return new Set(hosts.filter((host) => host.anonymous).map((host) => host.domain));
}

/** Accounts without sessions that stay in memory. */
const CACHED_ACCOUNTS = 10_000;

/** Limits that the parts of a domain look up at each use: a reload writes the new ones over them. */
export interface DomainLimits {
  readonly cache: AccountCacheParts['limits'];
  readonly account: AccountLimits;
  readonly session: SessionLimits;
}

export function domainLimits(settings: Settings): DomainLimits {
  return {
    cache: { inboxStanzas: settings.limits.inboxStanzas, cachedAccounts: CACHED_ACCOUNTS },
    account: {
      sessionsPerAccount: settings.limits.sessionsPerAccount,
      resourceConflict: settings.resourceConflict,
    },
    session: sessionLimits(settings),
  };
}

function sessionLimits(settings: Settings): SessionLimits {
  return {
    unacknowledgedStanzas: settings.limits.unacknowledgedStanzas,
    unacknowledgedBytes: settings.limits.unacknowledgedBytes,
    resumeTimeoutMs: settings.streamManagement.resumeTimeoutMs,
  };
}
