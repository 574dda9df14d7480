// What all tokenizers of a worker share: caches of names and kinds, and the scanners and buffers that they lend out.
import { ByteInterner, HeadTable, KindTable, type Tables } from './intern.ts';
import { STANZA_LIMITS, type XmlLimits } from './limits.ts';
import type { Binding, StreamScope } from './namespaces.ts';
import { Scanner } from './scanner.ts';

/** No limit, as a small integer. */
const MANY = 2 ** 30;
const MAX_SCOPES = 64;
const MAX_IDLE_SCANNERS = 16;
const SMALLEST_CARRY_LOG2 = 9;
/** Idle carry buffers kept for the next unfinished stanza, in bytes. */
const MAX_IDLE_CARRY_BYTES = 1_048_576;

/** One per worker. Bounded: input cannot make it grow beyond about 0.6 MB of caches and 1 MB of idle buffers. */
export class XmlContext {
  /** Rewrites every stanza instead of copying the plain ones; the meaning must be the same (tests run with it on). */
  forceRewrite = false;
  readonly tables: Tables = {
    names: new ByteInterner(1024),
    namespaces: new ByteInterner(512),
    values: new ByteInterner(4096),
    kinds: new KindTable(),
    heads: new HeadTable(),
  };
  private readonly scopes = new Map<string, StreamScope>();
  private readonly scanners: Scanner[] = [];
  private readonly carries = new Map<number, Buffer[]>();
  private idleCarryBytes = 0;

  /** The same string object for equal short ASCII texts, as long as its slot is not taken by another one. */
  intern(text: string): string {
    const bytes = Buffer.from(text, 'utf8');
    return this.tables.values.lookup(bytes, 0, bytes.length);
  }

  /**
   * The mask bit of a kind of child: one of 31. Idempotent; kinds past 31 share bits, so that a set bit means "maybe".
   * Stanzas read before a kind was registered lack its bit: register at start.
   */
  bit(ns: string, name: string): number {
    // Heads remember kinds with the bits of their time.
    this.tables.heads.clear();
    return this.tables.kinds.bit(ns, name);
  }

  /** The scope of a stream header; streams with equal headers share it while fewer than 64 kinds of header exist. */
  scope(
    defaultNs: string,
    bindings: readonly Binding[],
    rootName: Buffer,
    lang: string | undefined,
  ): StreamScope {
    const pairs = bindings.map(({ prefix, uri }) => [prefix, uri]);
    const key = JSON.stringify([defaultNs, pairs, rootName.latin1Slice(), lang ?? null]);
    let scope = this.scopes.get(key);
    if (scope === undefined) {
      scope = { defaultNs, bindings: [...bindings], rootName, lang };
      if (this.scopes.size < MAX_SCOPES && key.length < 512) this.scopes.set(key, scope);
    }
    return scope;
  }

  /** Lends a scanner; give it back with release() when nothing is unfinished. */
  acquire(): Scanner {
    return this.scanners.pop() ?? new Scanner(this.tables, STANZA_LIMITS);
  }

  release(scanner: Scanner): void {
    scanner.forget();
    if (this.scanners.length < MAX_IDLE_SCANNERS) this.scanners.push(scanner);
  }

  /** Lends a buffer of at least `bytes`, a power of two long; give it back with releaseCarry(). */
  acquireCarry(bytes: number): Buffer {
    const size = 2 ** Math.max(SMALLEST_CARRY_LOG2, Math.ceil(Math.log2(bytes)));
    const carry = this.carries.get(size)?.pop();
    if (carry === undefined) return Buffer.allocUnsafeSlow(size);
    this.idleCarryBytes -= size;
    return carry;
  }

  releaseCarry(carry: Buffer): void {
    const size = carry.length;
    if (this.idleCarryBytes + size > MAX_IDLE_CARRY_BYTES) return;
    this.idleCarryBytes += size;
    const shelf = this.carries.get(size);
    if (shelf === undefined) this.carries.set(size, [carry]);
    else shelf.push(carry);
  }

  /** Limits for what was checked before and is read again, from a store or to make a tree. */
  readonly trustedLimits: XmlLimits = {
    maxStanzaBytes: MANY,
    maxDepth: 1024,
    maxAttributes: MANY,
    maxChildren: MANY,
    maxNameBytes: MANY,
  };
}
