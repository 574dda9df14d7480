// Whether a client is still there: a silent one is asked, one that does not answer is given up.
import { StreamError } from '../protocol/stream-error.ts';
import type { XmppStream } from '../stream/xmpp-stream.ts';
import type { Expirable } from '../util/wheel.ts';
import type { C2sParts } from './c2s-parts.ts';

/** Asks the client of a stream for a sign of life. */
export interface Probing {
  probe(): void;
}

/** Where silence does not matter, a reload may make it matter. */
const UNWATCHED_LOOK_MS = 300_000;

/** On the wheel from the moment that a session stands until the stream ends. */
export class Liveness implements Expirable {
  private readonly client: Probing;
  private readonly stream: XmppStream;
  private readonly parts: C2sParts;
  private lastBytes: number;
  private lastElements: number;
  private pinged = false;
  /** When (monotonic) to look next. */
  private lookAtMs = 0;

  private constructor(client: Probing, stream: XmppStream, parts: C2sParts) {
    this.client = client;
    this.stream = stream;
    this.parts = parts;
    this.lastBytes = stream.transport.receivedBytes;
    this.lastElements = stream.elements;
  }

  /** Watches a stream; whether silence matters may change while it stands. */
  static watch(client: Probing, stream: XmppStream, parts: C2sParts): void {
    const watch = new Liveness(client, stream, parts);
    const nowMs = parts.clock.monotonicMs();
    parts.wheel.add(watch, watch.lookIn(watch.idleMs || UNWATCHED_LOOK_MS, nowMs));
  }

  expire(nowMs: number): number | undefined {
    const { stream, idleMs } = this;
    if (stream.ended) return undefined;
    // A wait longer than the wheel.
    if (nowMs < this.lookAtMs) return this.lookAtMs - nowMs;
    if (idleMs === 0) {
      this.pinged = false;
      return this.lookIn(UNWATCHED_LOOK_MS, nowMs);
    }
    const bytes = stream.transport.receivedBytes;
    const { elements } = stream;
    const silent = bytes === this.lastBytes;
    const drip = !silent && elements === this.lastElements && stream.midStanza;
    this.lastBytes = bytes;
    this.lastElements = elements;
    const { idlePingMs, pingTimeoutMs } = this.parts.settings;
    if ((silent || drip) && (this.pinged || idlePingMs === 0)) {
      // RFC 6120 §4.9.3.3; with XEP-0198 the session hibernates.
      stream.fail(new StreamError('connection-timeout'));
      return undefined;
    }
    this.pinged = silent || drip;
    if (this.pinged) this.client.probe();
    return this.lookIn(this.pinged ? pingTimeoutMs : idleMs, nowMs);
  }

  /** Silence that is looked into; 0: never. */
  private get idleMs(): number {
    const { idlePingMs, idleTimeoutMs } = this.parts.settings;
    return idlePingMs > 0 ? idlePingMs : idleTimeoutMs;
  }

  private lookIn(inMs: number, nowMs: number): number {
    this.lookAtMs = nowMs + inMs;
    return inMs;
  }
}
