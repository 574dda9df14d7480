// One XML stream over one transport: opening, closing, stream errors, shapers. RFC 6120 §4; the same for every kind of peer.
import { STREAM_CONDITIONS, StreamError, streamErrorBytes } from '../protocol/stream-error.ts';
import { NS } from '../protocol/namespaces.ts';
import type { TokenBucket } from '../transport/token-bucket.ts';
import type { Transport, TransportUser } from '../transport/transport.ts';
import type { Clock, Random, TimerHandle, Timers } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Bytes } from '../xml/bytes.ts';
import { XmlError } from '../xml/errors.ts';
import type { XmlLimits } from '../xml/limits.ts';
import type { Stanza } from '../xml/stanza.ts';
import { Tokenizer, type StreamHeader, type TokenSink } from '../xml/tokenizer.ts';
import { escapeAttr } from '../xml/writer.ts';
import type { XmlContext } from '../xml/xml-context.ts';

/** The side that knows what the stream is for. What it throws as StreamError ends the stream; anything else is a bug. */
export interface StreamRole {
  /** Namespace of the stanzas: jabber:client, jabber:server. */
  readonly contentNs: string;
  /** The address that answers before the peer has said whom it wants. */
  readonly defaultDomain: string;
  header(header: StreamHeader): void;
  element(stanza: Stanza): void;
  /** The peer closed its stream; ours is closed right after the call. */
  closing(): void;
  /** The peer has read what it was sent. */
  relieved?(): void;
  /** The connection is gone; `fin`: in good order. */
  closed(fin: boolean): void;
  /** The stream ends with an error, ours or the peer's. */
  failed(error: StreamError): void;
}

export interface StreamParts {
  readonly xml: XmlContext;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
}

/** RFC 6120 §4.7.5: two integers, leading zeros ignored; the first is at least 1. */
const MAJOR_FROM_1 = /^0*[1-9]\d*\.\d+$/;

/** From our end of a stream to the end of its connection, whatever the peer does. */
const MAX_LINGER_MS = 30_000;

export interface Shapers {
  readonly bytes: TokenBucket;
  readonly stanzas: TokenBucket;
}

export class XmppStream implements TransportUser, TokenSink {
  /** Of the stream that is open, or will be opened next. */
  id: string;
  readonly transport: Transport;
  private readonly role: StreamRole;
  private readonly parts: StreamParts;
  private tokenizer: Tokenizer;
  private shapers: Shapers | undefined;
  private opened = false;
  private over = false;
  private holds = 0;
  private peerHeader: StreamHeader | undefined;
  private lingering: TimerHandle | undefined;
  /** Complete top-level elements received; shows that a peer is more than a drip. */
  elements = 0;

  constructor(
    openTransport: (user: TransportUser) => Transport,
    role: StreamRole,
    limits: XmlLimits,
    shapers: Shapers | undefined,
    parts: StreamParts,
  ) {
    this.id = parts.random.id();
    this.role = role;
    this.parts = parts;
    this.shapers = shapers;
    this.tokenizer = new Tokenizer(parts.xml, this, limits);
    this.transport = openTransport(this);
  }

  get midStanza(): boolean {
    return this.tokenizer.midStanza;
  }

  get ended(): boolean {
    return this.over;
  }

  write(bytes: Bytes): void {
    if (!this.over) this.transport.write(bytes);
  }

  setLimits(limits: XmlLimits): void {
    this.tokenizer.limits = limits;
  }

  /** Undefined: nothing is slowed. */
  setShapers(shapers: Shapers | undefined): void {
    this.shapers = shapers;
  }

  /** Our header. RFC 6120 §4.7: from, id, version, xml:lang; `to` only if the peer said who it is. */
  open(from: string, to: string | undefined): void {
    this.opened = true;
    // XEP-0368 and the Conversations tester read the declaration, so it is always there (RFC 6120 §11.5).
    this.write(
      `<?xml version='1.0'?><stream:stream xmlns='${this.role.contentNs}' xmlns:stream='${NS.streams}' id='${this.id}' from='${escapeAttr(from)}'${
        to === undefined ? '' : ` to='${escapeAttr(to)}'`
      } version='1.0' xml:lang='en'>` as Bytes,
    );
  }

  /** RFC 6120 §6.4.6: what follows is a new stream on the same connection. */
  restart(): void {
    this.beginAnew();
    this.tokenizer.restart();
  }

  /** The rest of what was received is not XML of ours: it is thrown away until `renew`. */
  discard(): void {
    this.tokenizer.stop();
  }

  /** RFC 6120 §5.4.3.3: a new stream inside TLS, which knows nothing of what came before. */
  renew(): void {
    this.beginAnew();
    this.tokenizer = new Tokenizer(this.parts.xml, this, this.tokenizer.limits);
  }

  private beginAnew(): void {
    this.opened = false;
    // RFC 6120 §4.3.3: a restarted stream has an id of its own.
    this.id = this.parts.random.id();
  }

  /** Nothing further is handled until `release`: an answer must come first. Counted. */
  hold(): void {
    if (this.holds++ > 0) return;
    this.tokenizer.pause();
    this.transport.stopReading();
  }

  release(): void {
    if (this.holds === 0 || --this.holds > 0) return;
    this.transport.resumeReading();
    if (!this.over) this.guarded(() => this.tokenizer.resume());
  }

  /** RFC 6120 §4.9: tells the peer why, closes the stream, then the connection. */
  fail(error: StreamError): void {
    if (this.over) return;
    // RFC 6120 §4.9.1.2: an error during the opening still needs a stream to stand in.
    if (!this.opened) this.open(this.role.defaultDomain, undefined);
    this.write(streamErrorBytes(error));
    this.close();
    this.role.failed(error);
  }

  /** Our close tag; the connection ends when the peer has had its say, or after a while. */
  close(): void {
    if (this.over) return;
    if (this.opened) this.write('</stream:stream>' as Bytes);
    this.over = true;
    this.tokenizer.stop();
    this.endTransport();
  }

  /** Ends the connection without a close tag: the peer may resume (XEP-0198 §5). */
  cut(): void {
    this.over = true;
    this.tokenizer.stop();
    this.endTransport();
  }

  private endTransport(): void {
    this.transport.end();
    // SECURITY: a peer that goes on sending, or reads by the byte, is not waited for longer than this.
    this.lingering ??= this.parts.timers.after(MAX_LINGER_MS, () => {
      this.transport.destroy();
    });
  }

  // ---- TransportUser

  onCrowded(): void {
    this.hold();
  }

  onRelieved(): void {
    if (!this.over) this.role.relieved?.();
    this.release();
  }

  onData(chunk: Buffer): void {
    if (this.over) return;
    this.guarded(() => this.tokenizer.push(chunk));
    if (this.shapers !== undefined) {
      this.slow(this.shapers.bytes.take(chunk.length, this.parts.clock.monotonicMs()));
    }
  }

  onClosed(fin: boolean): void {
    this.lingering?.cancel();
    this.over = true;
    this.tokenizer.stop();
    this.role.closed(fin);
  }

  // ---- TokenSink

  onOpen(header: StreamHeader): void {
    // RFC 6120 §4.9.3.10: the root must be a stream of ours.
    if (header.name !== 'stream' || header.ns !== NS.streams) {
      throw new StreamError('invalid-namespace', `The stream must be qualified by ${NS.streams}.`);
    }
    if (header.defaultNs !== this.role.contentNs) {
      throw new StreamError(
        'invalid-namespace',
        `Stanzas on this port are qualified by ${this.role.contentNs}.`,
      );
    }
    // RFC 6120 §4.7.5: no version means 0.9, which has no features; a higher one is answered with ours.
    if (!MAJOR_FROM_1.test(header.version ?? '')) {
      throw new StreamError('unsupported-version', 'XMPP 1.0 is needed.');
    }
    this.peerHeader = header;
    this.role.header(header);
  }

  onStanza(stanza: Stanza): void {
    if (this.over) return;
    this.elements++;
    if (stanza.ns === NS.streams && stanza.name === 'error') {
      this.peerFailed(stanza);
      return;
    }
    this.role.element(stanza);
    if (this.shapers !== undefined) {
      this.slow(this.shapers.stanzas.take(1, this.parts.clock.monotonicMs()));
    }
  }

  onClose(): void {
    if (this.over) return;
    this.role.closing();
    this.close();
  }

  /** RFC 6120 §4.9.1.1: an error ends the stream, and it is answered with nothing but the close tag. */
  private peerFailed(stanza: Stanza): void {
    const condition = STREAM_CONDITIONS.find(
      (name) => stanza.child(name, NS.streamErrors) !== undefined,
    );
    this.close();
    this.role.failed(new StreamError(condition ?? 'undefined-condition', 'The peer says so.'));
  }

  private slow(waitMs: number): void {
    if (waitMs === 0 || this.over) return;
    this.hold();
    this.parts.timers.after(waitMs, () => {
      this.release();
    });
  }

  private guarded(read: () => void): void {
    try {
      read();
    } catch (error) {
      if (error instanceof StreamError) this.fail(error);
      else if (error instanceof XmlError) this.fail(new StreamError(error.condition, error.text));
      else {
        this.parts.log.error(
          { err: error, stream: this.id },
          'handling a stanza failed; its stream was ended. This is a bug.',
        );
        this.fail(new StreamError('internal-server-error'));
      }
    }
  }

  /** Whom the peer asked for, once it has. */
  get header(): StreamHeader | undefined {
    return this.peerHeader;
  }
}
