// From the operator's settings to what the parts of a worker take.
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

export function sessionLimits(settings: Settings): SessionLimits {
  return {
    unacknowledgedStanzas: settings.limits.unacknowledgedStanzas,
    unacknowledgedBytes: settings.limits.unacknowledgedBytes,
    resumeTimeoutMs: settings.streamManagement.resumeTimeoutMs,
  };
}
