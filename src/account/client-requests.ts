// What an account's owner asks its own clients, and their answers: they come to the bare JID, where only the owner is.
import type { SessionView } from '../host/views.ts';
import type { Random, TimerHandle, Timers } from '../util/clock.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';

/** What is open at once on this worker; more is not asked. */
const MAX_OPEN = 4096;
const ANSWER_MS = 30_000;

type Done = (answer: Stanza | undefined) => void;

interface Open {
  readonly asked: SessionView;
  readonly done: Done;
  readonly timer: TimerHandle;
}

export class ClientRequests {
  private readonly timers: Timers;
  private readonly random: Random;
  private readonly open = new Map<string, Open>();

  constructor(timers: Timers, random: Random) {
    this.timers = timers;
    this.random = random;
  }

  /** @param done called once, with undefined if no answer comes in time */
  ask(session: SessionView, content: Bytes, done: Done): void {
    if (this.open.size >= MAX_OPEN) {
      done(undefined);
      return;
    }
    const id = this.random.id();
    const timer = this.timers.after(ANSWER_MS, () => {
      this.open.delete(id);
      done(undefined);
    });
    this.open.set(id, { asked: session, done, timer });
    const { jid } = session;
    session.deliver(
      `<iq type='get' id='${id}' from='${jid.bareBytes}' to='${jid.bytes}'>${content}</iq>` as Bytes,
    );
  }

  /** A result or an error that a session sent to its own bare JID. */
  answered(session: SessionView | undefined, stanza: Stanza): void {
    const open = stanza.id === undefined ? undefined : this.open.get(stanza.id);
    // SECURITY: an answer counts only from the very session that was asked.
    if (open === undefined || open.asked !== session) return;
    this.open.delete(stanza.id ?? '');
    open.timer.cancel();
    open.done(stanza);
  }
}
