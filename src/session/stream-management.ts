// The numbers of XEP-0198 (v1.6.3): what was received and is durable, what was sent and is not acknowledged.
import type { Reference } from '../host/views.ts';
import { NS } from '../protocol/namespaces.ts';
import { Deque } from '../util/deque.ts';
import type { Bytes } from '../xml/bytes.ts';
import { Ledger } from './ledger.ts';

export interface Unacknowledged {
  readonly stanza: Bytes;
  readonly reference: Reference;
}

const MODULUS = 2 ** 32;
/** So many unrequested stanzas are followed by a request at once; fewer wait for the wheel. */
const REQUEST_AFTER = 24;

const REQUEST = `<r xmlns='${NS.sm3}'/>` as Bytes;

export class StreamManagement {
  /** Unguessable; names the session to a later stream. Empty: not resumable. */
  readonly token: string;
  readonly resumeTimeoutMs: number;
  ledger: Ledger;
  readonly unacknowledged = new Deque<Unacknowledged>();
  private unacknowledgedBytes = 0;
  /** Count of what the client acknowledged, modulo 2^32. */
  private acknowledgedCount: number;
  /** So many of the newest were never written to a stream: they came while there was none. */
  private unwritten = 0;
  /** Since the last request. */
  private unrequested = 0;
  private requestOut = false;
  /** Numbers at which an <r/> waits for its answer: only the newest matters, since one <a/> covers all. */
  private answerAt = -1;
  private firstAnswerAt = -1;
  /** The request that waits was told what was true a second after it came; it is told again when it is covered. */
  private toldEarly = false;
  /** So many of the newest stanzas have not been written to the stream that resumed the session. */
  private unsent = 0;
  private expiresAtMs = 0;
  /** What the client had been counted before this process (a stored session). */
  private base: number;
  private readonly onSettled: () => void;

  constructor(
    token: string,
    resumeTimeoutMs: number,
    onSettled: () => void,
    received = 0,
    acknowledgedCount = 0,
  ) {
    this.token = token;
    this.resumeTimeoutMs = resumeTimeoutMs;
    this.base = received;
    this.acknowledgedCount = acknowledgedCount;
    this.onSettled = onSettled;
    this.ledger = new Ledger(onSettled);
  }

  /** Bytes of what is not acknowledged. */
  get queuedBytes(): number {
    return this.unacknowledgedBytes;
  }

  get resumable(): boolean {
    return this.token !== '';
  }

  /** XEP-0198 §4: the count of handled inbound stanzas; handled means durable here. */
  get h(): number {
    return (this.base + this.ledger.settled) % MODULUS;
  }

  /** Numbers behind `h` are given out once more; what is still owed for the old ones concerns nobody. */
  recount(): void {
    this.base = this.h;
    this.ledger = new Ledger(this.onSettled);
  }

  /** Sent and acknowledged so far, modulo 2^32. */
  get clientH(): number {
    return this.acknowledgedCount;
  }

  /** XEP-0198 §4: what the client could have been counting. */
  get sentCount(): number {
    return (this.acknowledgedCount + this.unacknowledged.length) % MODULUS;
  }

  /** Whether a client can have counted `h`. */
  covers(h: number): boolean {
    return (h - this.acknowledgedCount + MODULUS) % MODULUS <= this.unacknowledged.length;
  }

  acknowledgement(): Bytes {
    return `<a xmlns='${NS.sm3}' h='${this.h}'/>` as Bytes;
  }

  // ---- answers to <r/>

  /** @returns true when the answer may go at once */
  answer(): boolean {
    if (this.ledger.open === 0) return true;
    this.answerAt = this.ledger.taken;
    if (this.firstAnswerAt === -1) {
      this.firstAnswerAt = this.ledger.taken;
      this.toldEarly = false;
    }
    return false;
  }

  /** Something was settled: is a request answered by it? */
  answerDue(): boolean {
    if (this.firstAnswerAt === -1 || this.ledger.settled < this.firstAnswerAt) return false;
    this.firstAnswerAt = this.ledger.settled >= this.answerAt ? -1 : this.answerAt;
    this.toldEarly = false;
    return true;
  }

  /** A request has waited for a second: it is answered with what is true now. */
  answerAnyway(): boolean {
    if (this.firstAnswerAt === -1 || this.toldEarly) return false;
    this.toldEarly = true;
    return true;
  }

  /** The wheel has something to look after. */
  get waiting(): boolean {
    return this.firstAnswerAt !== -1 || this.unrequested > 0;
  }

  // ---- what we send

  /** @param written to a stream; else it waits for the next one */
  sent(stanza: Bytes, reference: Reference, written = true): void {
    this.unacknowledged.push({ stanza, reference });
    this.unacknowledgedBytes += stanza.length;
    this.unrequested++;
    if (!written || this.unsent > 0) this.unwritten++;
    if (this.unsent > 0) this.unsent++;
  }

  /** A resumed stream is still being given what was not acknowledged. */
  get resending(): boolean {
    return this.unsent > 0;
  }

  beginResend(): void {
    this.unsent = this.unacknowledged.length;
  }

  /** As much as the client reads now; the rest when it has read that. */
  resendTo(stream: { write(bytes: Bytes): void; readonly crowded: boolean }): void {
    if (this.unsent === 0) return;
    const { unacknowledged } = this;
    while (this.unsent > 0 && !stream.crowded) {
      const next = unacknowledged.at(unacknowledged.length - this.unsent--) as Unacknowledged;
      stream.write(next.stanza);
    }
    this.unwritten = Math.min(this.unwritten, this.unsent);
    // What it acknowledges meanwhile need not be kept.
    stream.write(this.request());
  }

  beyond(limits: {
    readonly unacknowledgedStanzas: number;
    readonly unacknowledgedBytes: number;
  }): boolean {
    return (
      this.unacknowledged.length > limits.unacknowledgedStanzas ||
      this.unacknowledgedBytes > limits.unacknowledgedBytes
    );
  }

  wantsRequest(): boolean {
    return this.unrequested >= REQUEST_AFTER && !this.requestOut;
  }

  wantsRequestNow(): boolean {
    return this.unrequested > 0 && !this.requestOut;
  }

  request(): Bytes {
    this.unrequested = 0;
    this.requestOut = true;
    return REQUEST;
  }

  /**
   * @param references filled with what the acknowledged stanzas left on disk
   * @returns false when `h` is higher than what was sent
   */
  acknowledged(h: number, references: Reference[]): boolean {
    if (!this.covers(h)) return false;
    let count = (h - this.acknowledgedCount + MODULUS) % MODULUS;
    this.acknowledgedCount = h;
    this.requestOut = false;
    for (; count > 0; count--) {
      const entry = this.unacknowledged.shift() as Unacknowledged;
      this.unacknowledgedBytes -= entry.stanza.length;
      if (entry.reference !== 0) references.push(entry.reference);
    }
    // It had them from the stream before.
    this.unsent = Math.min(this.unsent, this.unacknowledged.length);
    this.unwritten = Math.min(this.unwritten, this.unacknowledged.length);
    return true;
  }

  /** What was not acknowledged and is on disk. */
  unproven(): Reference[] {
    const references: Reference[] = [];
    for (const { reference } of this.unacknowledged)
      if (reference !== 0) references.push(reference);
    return references;
  }

  /** References of what no client can have seen. */
  unseen(): Reference[] {
    if (this.unwritten === 0) return [];
    const references = [...this.unacknowledged].map(({ reference }) => reference);
    const written = new Set(references.splice(0, references.length - this.unwritten));
    return references.filter((reference) => reference !== 0 && !written.has(reference));
  }

  /** What was not acknowledged and is nowhere else. */
  loose(): Bytes[] {
    const stanzas: Bytes[] = [];
    for (const { stanza, reference } of this.unacknowledged)
      if (reference === 0) stanzas.push(stanza);
    return stanzas;
  }

  /** Puts back what a stored or moved session had not acknowledged. */
  restore(unacknowledged: readonly Unacknowledged[]): void {
    for (const { stanza, reference } of unacknowledged) this.sent(stanza, reference);
    this.unrequested = 0;
  }

  // ---- hibernation

  hibernate(untilMs: number): void {
    this.expiresAtMs = untilMs;
    this.unsent = 0;
    this.firstAnswerAt = -1;
    this.requestOut = false;
  }

  wake(): void {
    this.expiresAtMs = 0;
    this.firstAnswerAt = -1;
    this.requestOut = false;
    this.unrequested = 0;
  }

  expired(nowMs: number): boolean {
    return this.expiresAtMs !== 0 && nowMs >= this.expiresAtMs;
  }
}
