// A session moves to the worker where its client came back: through its owner, so that the order of deliveries holds.
import type { Accounts } from '../account/accounts.ts';
import type { WorkerId } from '../placement/placement.ts';
import { parseJid, type Jid } from '../protocol/jid.ts';
import { addressed } from '../protocol/replies.ts';
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

/** What became of a request for a session. */
export interface Moved {
  /** Undefined: there is none that can be resumed. */
  readonly snapshot?: SessionSnapshot | undefined;
  /** It was left where it is: its client counts more than these stanzas, which it was sent (XEP-0198 §6). */
  readonly tooHigh?: number | undefined;
}

interface Move {
  readonly to: WorkerId;
  /** The worker it leads to is gone. */
  isLost: boolean;
  /** What else the session was asked for meanwhile: its client came back, for one, while its worker was leaving. */
  next: { readonly to: WorkerId; readonly run: () => void }[];
}

/** @param presence of the session, as its new worker would tell it to a new owner; empty: it is not available */
type Resumed = (result: Moved, presence: Bytes) => void;

type Taken = (packed: Bytes, tooHigh: string) => void;

const NOTHING = '' as Bytes;

export class Handover {
  private readonly parts: HandoverParts;
  private readonly resuming = new Map<string, Resumed>();
  private readonly taking = new Map<string, Taken>();
  /** At the owner: sessions that are being moved. */
  private readonly moves = new Map<SessionRef, Move>();

  constructor(parts: HandoverParts) {
    this.parts = parts;
  }

  /** Asks the owner of an account for a session that may be anywhere. */
  resume(
    owner: WorkerId,
    account: Jid,
    token: Bytes,
    session: number,
    h: number,
    done: Resumed,
  ): void {
    const request = this.parts.request();
    this.resuming.set(request, done);
    this.parts.send(owner, frame(FRAME.resume, request, account.bareBytes, token, session, h));
  }

  /**
   * At the owner: moves a session to another worker. Deliveries wait meanwhile, so their order holds.
   * @param h what its client counts; undefined: an earlier version does not say
   * @param done given the session's state before anything is delivered to its new place
   */
  move(
    account: Jid,
    token: string,
    worker: WorkerId,
    id: number,
    h: number | undefined,
    done: (result: Moved) => void,
  ): void {
    const session = this.parts.accounts.byToken(account.bare, token);
    if (session === undefined) {
      done({});
      return;
    }
    const under = this.moves.get(session);
    if (under !== undefined) {
      const run = (): void => this.move(account, token, worker, id, h, done);
      under.next.push({ to: worker, run });
      return;
    }
    session.freeze();
    const move: Move = { to: worker, isLost: false, next: [] };
    this.moves.set(session, move);
    this.fetch(session, h, (packed, tooHigh) => {
      this.moves.delete(session);
      const snapshot = packed === '' ? undefined : unpackSnapshot(packed);
      if (snapshot !== undefined && move.isLost) {
        this.lose(account, session, snapshot);
        done({});
      } else {
        if (snapshot !== undefined) this.place(session, worker, id, snapshot);
        done({ snapshot, tooHigh: countOf(tooHigh) });
        session.thaw();
      }
      for (const { run } of move.next) run();
    });
  }

  private place(session: SessionRef, worker: WorkerId, id: number, state: SessionSnapshot): void {
    const remote =
      worker === this.parts.self ? undefined : new RemotePort(worker, id, this.parts.send);
    remote?.holds(state.unacknowledged.map(({ reference }) => reference));
    session.move(worker, id, remote);
  }

  handle(kind: string, from: WorkerId, fields: Bytes[], debts: ReceivedDebts, no: number): void {
    const request = fields[0]!;
    switch (kind) {
      case FRAME.resume:
        // Open until answered: if this worker dies before, the request comes again to the next one.
        debts.owe(no);
        this.resumeElsewhere(request, from, fields, () => debts.pay(no));
        return;
      case FRAME.resumed:
        this.resumed(
          request,
          {
            snapshot: fields[1] === '' ? undefined : unpackSnapshot(fields[1]!),
            tooHigh: countOf(fields[3]),
          },
          fields[2] ?? NOTHING,
        );
        return;
      case FRAME.take:
        this.giveUp(Number(fields[1]), countOf(fields[2]), (packed, tooHigh) => {
          this.parts.send(from, frame(FRAME.taken, request, packed, tooHigh));
        });
        return;
      default:
        this.taken(request, fields[1]!, fields[2] ?? '');
    }
  }

  /** A worker died: sessions on their way to it will arrive nowhere. */
  gone(worker: WorkerId): void {
    for (const move of this.moves.values()) {
      if (move.to === worker) move.isLost = true;
      move.next = move.next.filter(({ to }) => to !== worker);
    }
  }

  /** Its old place has let go of it and its new one is no more. */
  private lose(account: Jid, session: SessionRef, { unacknowledged }: SessionSnapshot): void {
    const unproven = unacknowledged.map(({ reference }) => reference).filter((it) => it !== 0);
    const loose = unacknowledged.filter(({ reference }) => reference === 0);
    this.parts.accounts.ended(
      account.bare,
      session.worker,
      session.id,
      unproven,
      loose.map(({ stanza }) => stanza),
    );
  }

  /** A question that reached nobody is answered with no. */
  dropped(kind: string, request: string): void {
    if (kind === FRAME.resume) this.resumed(request, {}, NOTHING);
    else this.taken(request, NOTHING, '');
  }

  private fetch(session: SessionRef, h: number | undefined, done: Taken): void {
    if (session.worker === this.parts.self) {
      this.giveUp(session.id, h, done);
      return;
    }
    const request = this.parts.request();
    this.taking.set(request, done);
    this.parts.send(session.worker, frame(FRAME.take, request, session.id, h ?? ''));
  }

  /** Lets go of a session when all that it sent is settled, so that its client sends nothing twice elsewhere. */
  private giveUp(id: number, h: number | undefined, done: Taken): void {
    const session = this.parts.sessions.get(id);
    const management = session?.management;
    if (session === undefined || management?.resumable !== true) {
      done(NOTHING, '');
      return;
    }
    if (h !== undefined && !management.covers(h)) {
      done(NOTHING, String(management.sentCount));
      return;
    }
    session.pause(() => {
      const snapshot = session.ended ? undefined : session.snapshot();
      if (snapshot !== undefined) session.moveAway();
      done(snapshot === undefined ? NOTHING : packSnapshot(snapshot), '');
    });
  }

  private resumeElsewhere(
    request: string,
    to: WorkerId,
    fields: readonly Bytes[],
    answered: () => void,
  ): void {
    const account = parseJid(text(fields[1]!));
    const token = fields[2]!;
    this.move(account, token, to, Number(fields[3]), countOf(fields[4]), (result) => {
      const { snapshot, tooHigh } = result;
      const session = this.parts.accounts.byToken(account.bare, token);
      this.parts.send(
        to,
        frame(
          FRAME.resumed,
          request,
          snapshot === undefined ? '' : packSnapshot(snapshot),
          presenceOf(session),
          tooHigh ?? '',
        ),
      );
      answered();
    });
  }

  private resumed(request: string, result: Moved, presence: Bytes): void {
    const done = this.resuming.get(request);
    this.resuming.delete(request);
    done?.(result, presence);
  }

  private taken(request: string, packed: Bytes, tooHigh: string): void {
    const done = this.taking.get(request);
    this.taking.delete(request);
    if (done !== undefined) done(packed, tooHigh);
    else if (packed !== '') this.stray(unpackSnapshot(packed));
  }

  /** An earlier process of this slot had asked for it: it was let go of, after it had been announced here. */
  private stray(snapshot: SessionSnapshot): void {
    const { accounts } = this.parts;
    const jid = parseJid(snapshot.jid);
    accounts.cache.whenLoaded(jid, () => {
      const session = accounts.byToken(jid.bare, snapshot.token);
      if (session !== undefined) this.lose(jid, session, snapshot);
    });
  }
}

/** A field with a number, or without one. */
function countOf(field: string | undefined): number | undefined {
  return field === undefined || field === '' ? undefined : Number(field);
}

/** What the session last sent without an address, '' when it is not available. */
function presenceOf(session: SessionRef | undefined): Bytes {
  if (session?.presence === undefined) return '' as Bytes;
  return addressed(session.presence, 'c2s', session.jid, session.jid);
}
