// Units on their way to the writer: gathered into numbered frames, kept until they are done, found again by ticket.
import { writeU32 } from '../packed.ts';
import type { StorageFailure, Ticket } from '../storage.ts';
import type { PackedUnit } from '../unit.ts';
import { BATCH_HEADER_BYTES, FRAME_BATCH, FREES_BIT } from './wire.ts';
import type { UnitFailure } from './wire.ts';

const UNIT_HEADER_BYTES = 4;
const FIRST_BYTES = 64 * 1024;
/** A frame that was filled by one burst gives its buffer back. */
const KEEP_BYTES = 1024 * 1024;

/** A sent batch that is not done. */
export interface SentFrame {
  readonly number: number;
  readonly firstTicket: Ticket;
  readonly count: number;
  readonly frame: Buffer;
}

export interface Completed {
  readonly upTo: Ticket;
  readonly failed: Map<Ticket, StorageFailure> | undefined;
}

export class Outbox {
  /** Tickets given out and tickets done: between them lies what waits. */
  submitted: Ticket = 0;
  done: Ticket = 0;
  /** Bytes of units that are not done. */
  bytes = 0;
  readonly sent: SentFrame[] = [];
  #acknowledged = 0;
  #number = 0;
  #open = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #openLength = BATCH_HEADER_BYTES;
  #openCount = 0;

  /** Units in the frame that is being gathered. */
  get openUnits(): number {
    return this.#openCount;
  }

  /** Length of the frame that is being gathered. */
  get openBytes(): number {
    return this.#openLength;
  }

  /** Copies the unit to the end of the frame that is being gathered. */
  add(unit: PackedUnit): Ticket {
    const { length } = unit;
    const at = this.#openLength;
    const end = at + UNIT_HEADER_BYTES + length;
    if (end > this.#open.length) this.#grow(end);
    writeU32(this.#open, at, unit.onlyFrees ? (length | FREES_BIT) >>> 0 : length);
    unit.buffer.copy(this.#open, at + UNIT_HEADER_BYTES, 0, length);
    this.#openLength = end;
    this.#openCount++;
    this.bytes += length;
    return ++this.submitted;
  }

  /** Closes the frame that is being gathered. @returns it, or undefined when it is empty */
  take(): SentFrame | undefined {
    if (this.#openCount === 0) return undefined;
    const frame = Buffer.allocUnsafeSlow(this.#openLength);
    this.#open.copy(frame, 0, 0, this.#openLength);
    const number = ++this.#number;
    frame[0] = FRAME_BATCH;
    frame.writeDoubleLE(number, 1);
    frame.writeDoubleLE(this.#acknowledged, 9);
    frame.writeUInt32LE(this.#openCount, 17);
    const firstTicket = this.submitted - this.#openCount + 1;
    const sent: SentFrame = { number, firstTicket, count: this.#openCount, frame };
    this.sent.push(sent);
    if (this.#open.length > KEEP_BYTES) this.#open = Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.#openLength = BATCH_HEADER_BYTES;
    this.#openCount = 0;
    return sent;
  }

  /** Every frame up to `number` is done. @returns undefined when that is no news */
  complete(number: number, failures: readonly UnitFailure[]): Completed | undefined {
    let count = 0;
    for (const frame of this.sent) {
      if (frame.number > number) break;
      count++;
      this.done = frame.firstTicket + frame.count - 1;
      this.bytes -= frame.frame.length - BATCH_HEADER_BYTES - frame.count * UNIT_HEADER_BYTES;
    }
    if (count === 0) return undefined;
    const finished = this.sent.splice(0, count);
    this.#acknowledged = number;
    if (failures.length === 0) return { upTo: this.done, failed: undefined };
    const first = new Map(finished.map((frame) => [frame.number, frame.firstTicket]));
    const failed = new Map<Ticket, StorageFailure>();
    for (const { batch, index, code, message } of failures) {
      const ticket = first.get(batch);
      if (ticket !== undefined) failed.set(ticket + index, { code, message });
    }
    return { upTo: this.done, failed: failed.size > 0 ? failed : undefined };
  }

  #grow(wanted: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, this.#open.length * 2));
    this.#open.copy(grown, 0, 0, this.#openLength);
    this.#open = grown;
  }
}
