// Proof of receipt on a stream without XEP-0198: "written to the socket" is none, the answer to a ping behind it is.
import type { Reference } from '../host/views.ts';
import type { Jid } from '../protocol/jid.ts';
import { NS } from '../protocol/namespaces.ts';
import type { Bytes } from '../xml/bytes.ts';

/** Not more often than this is a client pinged for proof alone. */
const PING_EVERY_MS = 10_000;
/** So many wait for proof: the client is pinged at once. */
const PING_AT = 500;
/** So many, and no ping was answered: the client reads nothing, or never answers; its session ends. */
const MAX_REFERENCES = 10_000;

export class Proofs {
  private references: Reference[] = [];
  /** How many of them stood before the ping that is out. */
  private covered = 0;
  private pings = 0;
  private outstanding = '';
  private lastPingMs = -Infinity;
  private frozen = false;
  /** Given after the client's close tag: no FIN proves these. */
  private late: Reference[] = [];

  given(reference: Reference): void {
    if (this.frozen) {
      this.late.push(reference);
      return;
    }
    this.references.push(reference);
  }

  /** Nothing was proved for too long. */
  get beyond(): boolean {
    return this.references.length > MAX_REFERENCES;
  }

  get waiting(): boolean {
    return this.references.length > 0;
  }

  /** Some of it is behind the ping that is out, or none is out. */
  get unasked(): boolean {
    return this.references.length > this.covered;
  }

  /** What is given after the client's close tag is not proved by its FIN. */
  freeze(): void {
    this.frozen = true;
  }

  /** A ping to write now, if one is due. */
  ping(nowMs: number, client: Jid): Bytes | undefined {
    if (this.references.length === 0 || this.outstanding !== '') return undefined;
    const due = this.references.length >= PING_AT || nowMs - this.lastPingMs >= PING_EVERY_MS;
    return due ? this.pingNow(nowMs, client) : undefined;
  }

  /** A ping; one that is still out is given up, its answer proves nothing any more. */
  pingNow(nowMs: number, client: Jid): Bytes {
    this.lastPingMs = nowMs;
    this.covered = this.references.length;
    this.outstanding = `proof-${++this.pings}`;
    return `<iq type='get' id='${this.outstanding}' from='${client.domain}' to='${client.bytes}'><ping xmlns='${NS.ping}'/></iq>` as Bytes;
  }

  /** @returns what the answer proves; undefined when it answers nothing of ours. Result and error prove alike. */
  answered(id: string): Reference[] | undefined {
    if (this.outstanding === '' || id !== this.outstanding) return undefined;
    this.outstanding = '';
    const proven = this.references.splice(0, this.covered);
    this.covered = 0;
    return proven;
  }

  /** The peer has read to the end. @returns what that proves */
  read(): Reference[] {
    return this.references.splice(0);
  }

  /** What is not proved. */
  all(): Reference[] {
    return this.late.length === 0 ? this.references : [...this.references, ...this.late];
  }
}
