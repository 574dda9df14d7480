// Frames on a Unix socket: type (1 byte), length (3 bytes, big-endian), content. Types a reader does not know are skipped.
import { ascii, type Bytes } from '../../xml/bytes.ts';
import type { Hello, LinkSink } from '../link-sink.ts';

/** The protocol spoken here, and the oldest one still understood: a worker talks to its predecessor's version in a roll-over. */
export interface ProtocolRange {
  readonly version: number;
  readonly minimum: number;
}

export const PROTOCOL: ProtocolRange = { version: 1, minimum: 1 };

/** The layout of the hello never changes, so that any two versions can read each other's. */
export interface WireHello extends Hello {
  readonly protocol: ProtocolRange;
}

const TYPE = {
  hello: 1,
  frame: 2,
  frameAgain: 3,
  /** The number of the next frame; without it each is one more than the last. */
  number: 4,
  done: 5,
  announce: 6,
  announced: 7,
  ready: 8,
  bye: 9,
  byeOk: 10,
} as const;

const HEADER_BYTES = 4;
const CACHED_LENGTHS = 2_048;
const EMPTY = ascii('');

/** Gathers what is to be written as one string of bytes. */
export class WireWriter implements LinkSink {
  #out: Bytes = EMPTY;
  #next = 0;
  // PERF: building a header costs more than looking it up; most frames are short and of one type.
  readonly #headers: (Bytes | undefined)[] = new Array<Bytes | undefined>(CACHED_LENGTHS).fill(
    undefined,
  );

  /** What was gathered since the last call. */
  take(): Bytes {
    const out = this.#out;
    this.#out = EMPTY;
    return out;
  }

  hello(hello: WireHello): void {
    this.#put(TYPE.hello, ascii(JSON.stringify(hello)));
  }

  frame(no: number, again: boolean, payload: Bytes): void {
    if (no !== this.#next) this.#put(TYPE.number, ascii(String(no)));
    this.#next = no + 1;
    if (again) {
      this.#put(TYPE.frameAgain, payload);
      return;
    }
    const length = payload.length;
    let head: Bytes;
    if (length < CACHED_LENGTHS) {
      head = this.#headers[length] ??= header(TYPE.frame, length);
    } else {
      head = header(TYPE.frame, length);
    }
    this.#out = (this.#out + head + payload) as Bytes;
  }

  done(upTo: number, exceptions: readonly number[]): void {
    // Differences: short, whatever the numbers have grown to.
    let list = String(upTo);
    let last = upTo;
    for (let i = exceptions.length - 1; i >= 0; i -= 1) {
      const no = exceptions[i] as number;
      list += ` ${last - no}`;
      last = no;
    }
    this.#put(TYPE.done, ascii(list));
  }

  announce(payload: Bytes): void {
    this.#put(TYPE.announce, payload);
  }

  announced(): void {
    this.#put(TYPE.announced, EMPTY);
  }

  ready(): void {
    this.#put(TYPE.ready, EMPTY);
  }

  bye(): void {
    this.#put(TYPE.bye, EMPTY);
  }

  byeOk(): void {
    this.#put(TYPE.byeOk, EMPTY);
  }

  #put(type: number, content: Bytes): void {
    this.#out = (this.#out + header(type, content.length) + content) as Bytes;
  }
}

function header(type: number, length: number): Bytes {
  return String.fromCharCode(type, length >>> 16, (length >>> 8) & 255, length & 255) as Bytes;
}

/** Who hears what a connection says: first the hello, then the rest. */
export interface WireListener {
  /** @returns the sink for what follows, or undefined when the connection is being closed */
  onHello(hello: WireHello): LinkSink | undefined;
}

/** Cuts chunks into messages. Work per byte is constant, however the bytes are split. */
export class WireReader {
  readonly #listener: WireListener;
  #sink: LinkSink | undefined;
  #next = 0;
  /** Chunks of a message that is not whole yet, and the bytes they must reach. */
  #parts: Buffer[] = [];
  #have = 0;
  #need = HEADER_BYTES;
  #stopped = false;

  constructor(listener: WireListener) {
    this.#listener = listener;
  }

  /** Nothing is passed on any more, not even the rest of the chunk being read. */
  stop(): void {
    this.#stopped = true;
    this.#parts = [];
  }

  push(chunk: Buffer): void {
    if (this.#stopped) return;
    let data = chunk;
    if (this.#have > 0) {
      this.#parts.push(chunk);
      this.#have += chunk.length;
      if (this.#have < this.#need) return;
      data = Buffer.concat(this.#parts, this.#have);
      this.#parts = [];
      this.#have = 0;
    }
    let at = 0;
    this.#need = HEADER_BYTES;
    while (at + HEADER_BYTES <= data.length) {
      const length =
        ((data[at + 1] as number) << 16) |
        ((data[at + 2] as number) << 8) |
        (data[at + 3] as number);
      const end = at + HEADER_BYTES + length;
      if (end > data.length) {
        this.#need = HEADER_BYTES + length;
        break;
      }
      this.#message(data[at] as number, data.latin1Slice(at + HEADER_BYTES, end) as Bytes);
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- a message may have called `stop`
      if (this.#stopped) return;
      at = end;
    }
    if (at < data.length) {
      this.#parts.push(at === 0 ? data : data.subarray(at));
      this.#have = data.length - at;
    }
  }

  #message(type: number, content: Bytes): void {
    const sink = this.#sink;
    if (sink === undefined) {
      // Anything before the hello comes from no worker of ours.
      if (type === TYPE.hello)
        this.#sink = this.#listener.onHello(JSON.parse(content) as WireHello);
      if (this.#sink === undefined) this.stop();
      return;
    }
    switch (type) {
      case TYPE.frame:
        sink.frame(this.#next++, false, content);
        break;
      case TYPE.frameAgain:
        sink.frame(this.#next++, true, content);
        break;
      case TYPE.number:
        this.#next = Number(content);
        break;
      case TYPE.done:
        this.#done(sink, content);
        break;
      case TYPE.announce:
        sink.announce(content);
        break;
      case TYPE.announced:
        sink.announced();
        break;
      case TYPE.ready:
        sink.ready();
        break;
      case TYPE.bye:
        sink.bye();
        break;
      case TYPE.byeOk:
        sink.byeOk();
        break;
      default: // said by a newer version
    }
  }

  #done(sink: LinkSink, content: Bytes): void {
    const [upTo = 0, ...gaps] = content.split(' ').map(Number);
    let last = upTo;
    const exceptions = gaps.map((gap) => (last -= gap)).reverse();
    sink.done(upTo, exceptions);
  }
}
