// How fast a client is read, by the settings in force.
import type { Shapers } from '../stream/xmpp-stream.ts';
import { TokenBucket } from '../transport/token-bucket.ts';
import type { C2sParts } from './c2s-parts.ts';

/** Fresh buckets for one stream; undefined where nothing is limited. */
export function shapersOf({ settings, clock }: C2sParts): Shapers | undefined {
  if (settings.bytesPerSecond === 0 && settings.stanzasPerSecond === 0) return undefined;
  const nowMs = clock.monotonicMs();
  return {
    bytes: new TokenBucket(settings.bytesPerSecond, settings.burstBytes, nowMs),
    stanzas: new TokenBucket(settings.stanzasPerSecond, settings.burstStanzas, nowMs),
  };
}
