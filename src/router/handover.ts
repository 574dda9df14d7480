// A session moves to the worker where its client came back: through its owner, so that the order of deliveries holds.
import type { Accounts } from '../account/accounts.ts';
import type { WorkerId } from '../placement/placement.ts';
import { parseJid, type Jid } from '../protocol/jid.ts';
import type { SessionRef } from '../account/session-ref.ts';
import type { SessionRegistry } from '../session/registry.ts';
import { packSnapshot, unpackSnapshot, type SessionSnapshot } from '../session/snapshot.ts';
import { text, type Bytes } from '../xml/bytes.ts';
import { FRAME, frame } from './frames.ts';
import type { ReceivedDebts } from './link-debts.ts';
import { RemotePort, type SendFrame } from './remote-home.ts';

export interface HandoverParts {
  readonly self: WorkerId;
  readonly accounts: Accounts;
  readonly sessions: SessionRegistry;
  readonly send: SendFrame;
  readonly request: () => string;
}

export class Handover {
  private readonly parts: HandoverParts;
  private readonly resuming = new Map<string, (snapshot: SessionSnapshot | undefined) => void>();
  private readonly taking = new Map<string, (packed: Bytes) => void>();

  constructor(parts: HandoverParts) {
    this.parts = parts;
  }

  /** Asks the owner of an account for a session that may be anywhere. */
  resume(
    owner: WorkerId,
    account: Jid,
    token: Bytes,
    session: number,
    done: (snapshot: SessionSnapshot | undefined) => void,
  ): void {
    const request = this.parts.request();
    this.resuming.set(request, done);
    this.parts.send(owner, frame(FRAME.resume, request, account.bareBytes, token, session));
  }

  /**
   * At the owner: moves a session to another worker. Deliveries wait meanwhile, so their order holds.
   * @param done given the session's state before anything is delivered to its new place
   */
  move(
    account: Jid,
    token: string,
    worker: WorkerId,
    id: number,
    done: (snapshot: SessionSnapshot | undefined) => void,
  ): void {
    const session = this.parts.accounts.byToken(account.bare, token);
    if (session === undefined) {
      done(undefined);
      return;
    }
    const held = session.hold('' as Bytes, 0);
    held.backlog = [];
    this.fetch(session, (packed) => {
      if (packed === '') {
        session.release(held);
        done(undefined);
        return;
      }
      const remote =
        worker === this.parts.self ? undefined : new RemotePort(worker, id, this.parts.send);
      session.move(worker, id, remote);
      done(unpackSnapshot(packed));
      session.release(held);
    });
  }

  handle(kind: string, from: WorkerId, fields: Bytes[], debts: ReceivedDebts, no: number): void {
    const request = fields[0]!;
    switch (kind) {
      case FRAME.resume:
        // Open until answered: if this worker dies before, the request comes again to the next one.
        debts.owe(no);
        this.move(parseJid(text(fields[1]!)), fields[2]!, from, Number(fields[3]), (snapshot) => {
          const packed = snapshot === undefined ? '' : packSnapshot(snapshot);
          this.parts.send(from, frame(FRAME.resumed, request, packed));
          debts.pay(no);
        });
        return;
      case FRAME.resumed:
        this.resumed(request, fields[1] === '' ? undefined : unpackSnapshot(fields[1]!));
        return;
      case FRAME.take:
        this.parts.send(from, frame(FRAME.taken, request, this.giveUp(Number(fields[1]))));
        return;
      default:
        this.taken(request, fields[1]!);
    }
  }

  /** A question that reached nobody is answered with no. */
  dropped(kind: string, request: string): void {
    if (kind === FRAME.resume) this.resumed(request, undefined);
    else this.taken(request, '' as Bytes);
  }

  private fetch(session: SessionRef, done: (packed: Bytes) => void): void {
    if (session.worker === this.parts.self) {
      done(this.giveUp(session.id));
      return;
    }
    const request = this.parts.request();
    this.taking.set(request, done);
    this.parts.send(session.worker, frame(FRAME.take, request, session.id));
  }

  private giveUp(id: number): Bytes {
    const session = this.parts.sessions.get(id);
    const snapshot = session?.snapshot();
    if (session === undefined || snapshot === undefined) return '' as Bytes;
    session.moveAway();
    return packSnapshot(snapshot);
  }

  private resumed(request: string, snapshot: SessionSnapshot | undefined): void {
    const done = this.resuming.get(request);
    this.resuming.delete(request);
    done?.(snapshot);
  }

  private taken(request: string, packed: Bytes): void {
    const done = this.taking.get(request);
    this.taking.delete(request);
    done?.(packed);
  }
}
