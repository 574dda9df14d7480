// A stream's bytes in, its header, stanzas and end out (RFC 6120 §4, §11). Reading itself is the scanner's work.
import { fail } from './errors.ts';
import type { XmlLimits } from './limits.ts';
import type { StreamScope } from './namespaces.ts';
import { readDeclaration, readHeader, type StreamHeader } from './prolog.ts';
import * as layout from './layout.ts';
import type { Scanner } from './scanner.ts';
import type { Stanza } from './stanza.ts';
import { NO_SCOPE } from './tag-sink.ts';
import { takeStanza } from './take-stanza.ts';
import { contentScope } from './tree.ts';
import type { XmlContext } from './xml-context.ts';

export type { StreamHeader } from './prolog.ts';
export type { XmlLimits } from './limits.ts';

/** Called in the order of the stream, from inside push() or resume(). What they throw passes through and stops reading. */
export interface TokenSink {
  onOpen(header: StreamHeader): void;
  onStanza(stanza: Stanza): void;
  onClose(): void;
}

const { CLOSED, DECLARED, OPENED, STANZA, SUSPENDED } = layout;

const RUNNING = 1;
const PAUSED = 2;
const STOPPED = 4;
const RESTARTING = 8;

/** What the next byte belongs to when no scanner is at work. */
type Phase = 'header' | 'header-again' | 'stanzas';

const SMALLEST_STEP = 256;

/**
 * One stream's reader. Between stanzas it keeps these few fields only: the scanner, and the buffer that holds an
 * unfinished stanza, are lent by the context.
 */
export class Tokenizer {
  /** May be replaced at any time; holds from the next stanza on. */
  limits: XmlLimits;
  private readonly context: XmlContext;
  private readonly sink: TokenSink;
  private scope: StreamScope = NO_SCOPE;
  private phase: Phase = 'header';
  private control = 0;
  private scanner: Scanner | null = null;
  private carry: Buffer | null = null;
  private carried = 0;
  private held: Buffer[] | null = null;
  private declaredEncoding: string | undefined = undefined;

  constructor(context: XmlContext, sink: TokenSink, limits: XmlLimits) {
    this.context = context;
    this.sink = sink;
    this.limits = limits;
  }

  /**
   * Reads a chunk of the stream; nothing refers to it afterwards. While paused, or when called from a callback, the
   * chunk is copied and read later; after stop(), the end of the stream or an error, it is ignored.
   * @throws XmlError, and what the sink throws; either stops the tokenizer
   */
  push(chunk: Buffer): void {
    if (this.control !== 0) {
      if ((this.control & STOPPED) === 0) this.hold(chunk);
      return;
    }
    this.run(chunk);
  }

  /** Expects a new stream from here on: after STARTTLS, after SASL success. From inside a callback or between pushes. */
  restart(): void {
    if ((this.control & RUNNING) !== 0) this.control |= RESTARTING;
    else this.setPhase('header-again', NO_SCOPE);
  }

  /**
   * Reads stanzas without a stream header around them, as if one had declared this content namespace: a WebSocket's
   * frames, a BOSH body's children. Not from inside a callback.
   */
  beginStanzas(defaultNs: string): void {
    this.setPhase('stanzas', contentScope(defaultNs));
  }

  /** Reads no further, until resume(). What was pushed already is kept, in a copy. */
  pause(): void {
    this.control |= PAUSED;
  }

  /** Goes on with what was kept, at once unless called from a callback. @throws as push() */
  resume(): void {
    if ((this.control & PAUSED) === 0) return;
    this.control &= ~PAUSED;
    if (this.control === 0 && this.held !== null) this.run(null);
  }

  get paused(): boolean {
    return (this.control & PAUSED) !== 0;
  }

  /** Throws away everything from here on. restart() does not undo it. */
  stop(): void {
    this.control |= STOPPED;
    this.held = null;
    if ((this.control & RUNNING) === 0) this.setPhase('header', NO_SCOPE);
  }

  /** Part of a header or stanza has been read and its rest is awaited. */
  get midStanza(): boolean {
    return this.scanner !== null;
  }

  /** Bytes kept of what is unfinished. */
  get bufferedBytes(): number {
    return this.carry === null ? 0 : this.carried;
  }

  private run(chunk: Buffer | null): void {
    this.control |= RUNNING;
    let isDone = false;
    try {
      if (chunk !== null) this.feed(chunk);
      while (this.held !== null && (this.control & (PAUSED | STOPPED)) === 0) {
        const next = this.held.shift()!;
        if (this.held.length === 0) this.held = null;
        this.feed(next);
      }
      isDone = true;
    } finally {
      if (!isDone) this.stop();
      this.control &= ~RUNNING;
      if ((this.control & STOPPED) !== 0) this.setPhase('header', NO_SCOPE);
    }
  }

  private feed(chunk: Buffer): void {
    const end = chunk.length;
    let pos = 0;
    const scanner = this.scanner ?? this.begin();
    this.scanner = null;
    if (this.carry !== null) {
      pos = this.feedCarried(scanner, chunk);
      if (pos < 0) return;
    }
    while ((this.control & ~RUNNING) === 0 || this.proceed(scanner, chunk, pos)) {
      if (pos >= end) break;
      if (scanner.limits !== this.limits) scanner.limits = this.limits;
      const event = scanner.next(chunk, pos, end);
      if (event === SUSPENDED) {
        if (scanner.isInsideMarkup) this.suspend(scanner, chunk);
        break;
      }
      pos = scanner.pos;
      this.dispatch(event, scanner, chunk);
    }
    if (this.carry === null && (scanner.isBetweenStanzas || scanner.isAtStart)) {
      this.context.release(scanner);
    } else this.scanner = scanner;
  }

  private begin(): Scanner {
    const scanner = this.context.acquire();
    if (this.phase === 'stanzas') scanner.beginStanzas(this.scope, this.limits);
    else scanner.beginStream(NO_SCOPE, this.limits, this.phase === 'header-again');
    return scanner;
  }

  /** Does what a callback asked for. @returns whether reading goes on */
  private proceed(scanner: Scanner, chunk: Buffer, pos: number): boolean {
    if ((this.control & STOPPED) !== 0) return false;
    if ((this.control & RESTARTING) !== 0) {
      this.control &= ~RESTARTING;
      this.phase = 'header-again';
      this.scope = NO_SCOPE;
      scanner.beginStream(NO_SCOPE, this.limits, true);
    }
    if ((this.control & PAUSED) === 0) return true;
    if (pos < chunk.length) {
      // In front of what a callback may have pushed meanwhile.
      this.held = [Buffer.from(chunk.subarray(pos)), ...(this.held ?? [])];
    }
    return false;
  }

  private hold(chunk: Buffer): void {
    this.held ??= [];
    this.held.push(Buffer.from(chunk));
  }

  /** Keeps what the chunk has of an unfinished stanza. */
  private suspend(scanner: Scanner, chunk: Buffer): void {
    const length = chunk.length - scanner.base;
    if (length > this.limits.maxStanzaBytes) fail('policy-violation', 'stanza too large');
    this.carry = this.context.acquireCarry(length);
    chunk.copy(this.carry, 0, scanner.base, chunk.length);
    this.carried = length;
    scanner.pos -= scanner.base;
    scanner.base = 0;
  }

  /**
   * Goes on with an unfinished stanza. Takes steps no longer than what is there already, so that the copy ends soon
   * after the stanza does, and no byte is copied more than a few times nor read twice.
   * @returns where the chunk goes on behind the stanza, or -1 if it is still unfinished
   */
  private feedCarried(scanner: Scanner, chunk: Buffer): number {
    let carry = this.carry!;
    let carried = this.carried;
    let taken = 0;
    for (;;) {
      const step = Math.min(chunk.length - taken, Math.max(carried, SMALLEST_STEP));
      if (carried + step > carry.length) carry = this.growCarry(carry, carried, carried + step);
      chunk.copy(carry, carried, taken, taken + step);
      const event = scanner.next(carry, scanner.pos, carried + step);
      if (event !== SUSPENDED) {
        const pos = taken + scanner.pos - carried;
        this.carry = null;
        this.dispatch(event, scanner, carry);
        this.context.releaseCarry(carry);
        return pos;
      }
      carried += step;
      taken += step;
      if (carried > this.limits.maxStanzaBytes) fail('policy-violation', 'stanza too large');
      if (taken === chunk.length) break;
    }
    this.carried = carried;
    this.scanner = scanner;
    return -1;
  }

  private growCarry(carry: Buffer, carried: number, needed: number): Buffer {
    const larger = this.context.acquireCarry(needed);
    carry.copy(larger, 0, 0, carried);
    this.context.releaseCarry(carry);
    this.carry = larger;
    return larger;
  }

  private dispatch(event: layout.ScanEvent, scanner: Scanner, buf: Buffer): void {
    if (scanner.pos - scanner.base > this.limits.maxStanzaBytes) {
      fail('policy-violation', 'stanza too large');
    }
    if (event === STANZA) this.sink.onStanza(takeStanza(this.context, scanner, buf));
    else if (event === DECLARED) {
      this.declaredEncoding = readDeclaration(buf, scanner.base, scanner.pos);
    } else if (event === OPENED) this.open(scanner, buf);
    if (event === CLOSED || (event === OPENED && scanner.rootIsEmpty && this.control === RUNNING)) {
      this.sink.onClose();
      // What follows the end of a stream is no concern of ours.
      if ((this.control & RESTARTING) === 0) this.control |= STOPPED;
    }
  }

  private open(scanner: Scanner, buf: Buffer): void {
    const header = readHeader(scanner, buf, this.declaredEncoding);
    this.declaredEncoding = undefined;
    const bindings = scanner.scopes.declared;
    this.scope = this.context.scope(header.defaultNs, bindings, scanner.rootName, header.lang);
    this.phase = 'stanzas';
    scanner.beginStanzas(this.scope, this.limits);
    this.sink.onOpen(header);
  }

  private setPhase(phase: Phase, scope: StreamScope): void {
    this.phase = phase;
    this.scope = scope;
    this.scanner = null;
    this.carry = null;
    this.declaredEncoding = undefined;
  }
}
