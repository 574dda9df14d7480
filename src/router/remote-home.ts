// The two ends of a session whose account is owned by another worker.
import type { Reference } from '../host/views.ts';
import type { WorkerId } from '../placement/placement.ts';
import type { Jid } from '../protocol/jid.ts';
import type { Debtor } from '../session/ledger.ts';
import type { EndReason, SessionPort } from '../session/session-port.ts';
import type { Session } from '../session/session.ts';
import type { SessionHome } from '../session/session-home.ts';
import { packSnapshot, type SessionSnapshot } from '../session/snapshot.ts';
import type { Bytes } from '../xml/bytes.ts';
import { utf8 } from '../xml/bytes.ts';
import { render } from '../xml/forward.ts';
import type { Stanza } from '../xml/stanza.ts';
import { FRAME, frame, packHow, packReferences } from './frames.ts';

/** Sends one frame; a debtor is told when the receiver is done with it. */
export type SendFrame = (to: WorkerId, payload: Bytes, debtor?: Debtor, n?: number) => void;

/** A session's way to its owner. */
export class RemoteHome implements SessionHome {
  readonly owner: WorkerId;
  private readonly sendFrame: SendFrame;
  /** Last presence sent without `to`, in case a new owner needs to be told. */
  private presence: Bytes;
  /** The ids that the session was given lie between these; what its owner has outside of them never reached it. */
  private givenFrom = 0;
  private givenUpTo = 0;

  /** @param presence of a session that was elsewhere before; empty: it is not available */
  constructor(owner: WorkerId, sendFrame: SendFrame, presence: Bytes) {
    this.owner = owner;
    this.sendFrame = sendFrame;
    this.presence = presence;
  }

  send(
    session: Session,
    stanza: Stanza,
    to: Jid | undefined,
    again: boolean,
    debtor: Debtor | undefined,
    n: number,
  ): void {
    const bytes = render(stanza, 'c2s', {
      to: to?.full,
      id: stanza.id,
      type: stanza.type,
      lang: stanza.lang,
    });
    if (stanza.name === 'presence' && to === undefined)
      this.presence = stanza.type === undefined ? bytes : ('' as Bytes);
    const how = packHow(debtor !== undefined, again, debtor === undefined);
    this.sendFrame(
      this.owner,
      frame(FRAME.outgoing, session.jid.bareBytes, session.id, how, bytes),
      debtor,
      n,
    );
  }

  acknowledges(session: Session): void {
    this.tell(FRAME.acknowledges, session, session.management?.token ?? '');
  }

  hibernates(session: Session, is: boolean): void {
    this.tell(FRAME.hibernates, session, is ? '1' : '0');
  }

  proven(session: Session, references: readonly Reference[]): void {
    this.tell(FRAME.proven, session, packReferences(references));
  }

  leaving(session: Session): void {
    this.tell(FRAME.leaving, session);
  }

  offer(session: Session, debtor: Debtor, n: number): void {
    const payload = frame(FRAME.offer, session.jid.bareBytes, session.id);
    this.sendFrame(this.owner, payload, debtor, n);
  }

  store(session: Session, snapshot: SessionSnapshot, debtor: Debtor, n: number): void {
    const payload = frame(FRAME.store, session.jid.bareBytes, session.id, packSnapshot(snapshot));
    this.sendFrame(this.owner, payload, debtor, n);
  }

  ended(
    session: Session,
    unproven: readonly Reference[],
    loose: readonly Bytes[],
    unseen: readonly Reference[],
  ): void {
    if (unseen.length > 0) this.tell(FRAME.unseen, session, packReferences(unseen));
    this.tell(FRAME.ended, session, packReferences(unproven), ...loose);
  }

  /** The owner gave the session a stanza with this reference. */
  gave(reference: Reference): void {
    const id = Math.abs(reference);
    if (id === 0) return;
    if (this.givenFrom === 0 || id < this.givenFrom) this.givenFrom = id;
    if (id > this.givenUpTo) this.givenUpTo = id;
  }

  /** For a new process of the owner's slot. */
  announcement(session: Session): Bytes {
    const token = session.management?.token ?? '';
    const unproven = packReferences(session.unproven());
    return frame(
      FRAME.session,
      session.jid.bareBytes,
      session.id,
      utf8(session.jid.full),
      token,
      this.presence,
      unproven,
      this.givenFrom,
      this.givenUpTo,
      session.connected ? '0' : '1',
    );
  }

  private tell(
    kind: (typeof FRAME)[keyof typeof FRAME],
    session: Session,
    ...fields: readonly string[]
  ): void {
    this.sendFrame(this.owner, frame(kind, session.jid.bareBytes, session.id, ...fields));
  }
}

/** Above what any session keeps unproved; the oldest beyond it are given again at the next log-in only. */
const MAX_GIVEN = 8192;

/** An owner's way to a session. */
export class RemotePort implements SessionPort {
  private readonly worker: WorkerId;
  private readonly id: number;
  private readonly sendFrame: SendFrame;
  /** How often each reference was given and not proved: what is on its way when the session ends is lost with it. */
  private readonly given = new Map<Reference, number>();

  constructor(worker: WorkerId, id: number, sendFrame: SendFrame) {
    this.worker = worker;
    this.id = id;
    this.sendFrame = sendFrame;
  }

  deliver(stanza: Bytes, reference: Reference): void {
    if (reference !== 0) this.add(reference);
    this.sendFrame(this.worker, frame(FRAME.deliver, this.id, reference, stanza));
  }

  /** The session has these already; 0 is none. */
  holds(references: readonly Reference[]): void {
    for (const reference of references) if (reference !== 0) this.add(reference);
  }

  proved(references: readonly Reference[]): void {
    for (const reference of references) {
      const left = (this.given.get(reference) ?? 0) - 1;
      if (left > 0) this.given.set(reference, left);
      else this.given.delete(reference);
    }
  }

  outstanding(): Reference[] {
    return [...this.given].flatMap(([reference, times]) =>
      new Array<Reference>(times).fill(reference),
    );
  }

  private add(reference: Reference): void {
    this.given.set(reference, (this.given.get(reference) ?? 0) + 1);
    if (this.given.size <= MAX_GIVEN) return;
    const [oldest] = this.given.keys();
    if (oldest !== undefined) this.given.delete(oldest);
  }

  end(reason: EndReason): void {
    this.sendFrame(this.worker, frame(FRAME.end, this.id, reason));
  }
}
