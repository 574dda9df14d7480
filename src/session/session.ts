// A bound resource on the worker that has its socket. It outlives its connection (XEP-0198 §5, v1.6.3).
import type { Screen, StreamSession } from '../host/stream-session.ts';
import type { Reference } from '../host/views.ts';
import type { Jid } from '../protocol/jid.ts';
import { errorBytes, mayBeRefused } from '../protocol/replies.ts';
import type { StanzaError } from '../protocol/stanza-error.ts';
import type { Clock } from '../util/clock.ts';
import type { Expirable, Wheel } from '../util/wheel.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { Ledger } from './ledger.ts';
import { Proofs } from './proofs.ts';
import type { SessionSnapshot } from './snapshot.ts';
import type { SessionHome } from './session-home.ts';
import type { EndReason, SessionPort } from './session-port.ts';
import type { SessionStream } from './session-stream.ts';
import { StreamManagement } from './stream-management.ts';

export interface SessionLimits {
  readonly unacknowledgedStanzas: number;
  readonly unacknowledgedBytes: number;
  readonly resumeTimeoutMs: number;
}

export interface SessionParts {
  readonly wheel: Wheel;
  readonly clock: Clock;
  readonly limits: SessionLimits;
  /** Called once, when the session is over. */
  readonly onEnd: (session: Session) => void;
}

/** A session looks after itself at the wheel's next tick, within a second; one entry at a time. */
const NEXT_TICK = 0;
/** A resumption waits so long for what was received before to be settled; links and store give up sooner. */
const QUIET_MS = 10_000;
/** For so long what a client sends again may be here already, when a resumption could not wait any longer. */
const REPEAT_MS = 30_000;

export class Session implements SessionPort, StreamSession, Expirable {
  readonly id: number;
  readonly jid: Jid;
  readonly parts: SessionParts;
  private home: SessionHome;
  private stream: SessionStream | undefined;
  private sm: StreamManagement | undefined;
  /** Proof of receipt for a stream without XEP-0198; made with the first reference. */
  private proofs: Proofs | undefined;
  /** Holds back what its client need not see now (XEP-0352). */
  screen: Screen | undefined = undefined;
  private onWheel = false;
  /** Its client closed its stream in good order: nobody resumes it (XEP-0198 §7). */
  private left = false;
  private over = false;
  /** It was stored: what comes now is not in what was stored, so its client must not see it either. */
  private sealed = false;
  /** Until when (monotonic) what this session sends may repeat what was lost with a crash. */
  private againUntilMs = 0;
  /** Those who wait for `quiet`, and until when (monotonic). */
  private waiting: ((alive: boolean) => void)[] | undefined;
  private waitUntilMs = 0;

  constructor(
    id: number,
    jid: Jid,
    home: SessionHome,
    stream: SessionStream | undefined,
    parts: SessionParts,
  ) {
    this.id = id;
    this.jid = jid;
    this.home = home;
    this.stream = stream;
    this.parts = parts;
  }

  /** The way to the owner of its account. */
  get owner(): SessionHome {
    return this.home;
  }

  get ended(): boolean {
    return this.over;
  }

  get connected(): boolean {
    return this.stream !== undefined;
  }

  /** Bytes kept for it until its client acknowledges them. */
  get queuedBytes(): number {
    return this.sm?.queuedBytes ?? 0;
  }

  get management(): StreamManagement | undefined {
    return this.sm;
  }

  // ---- from the client

  /** A stanza of the client, addresses checked. */
  receive(stanza: Stanza, to: Jid | undefined): void {
    const again = this.againUntilMs !== 0 && this.stillAgain();
    const ledger: Ledger | undefined = this.sm?.ledger;
    if (ledger === undefined) {
      this.home.send(this, stanza, to, again, undefined, 0);
      return;
    }
    const n = ledger.take();
    try {
      this.home.send(this, stanza, to, again, ledger, n);
    } finally {
      ledger.pay(n);
    }
  }

  /** XEP-0198 §3: counts from here. */
  enable(management: StreamManagement): void {
    // No `h` covers what was given before: one ping more, in front of <enabled/>, proves it.
    if (this.proofs?.unasked === true)
      this.write(this.proofs.pingNow(this.parts.clock.monotonicMs(), this.jid));
    this.sm = management;
    this.home.acknowledges(this);
  }

  /** `<r/>`: answered when all before it is durable or refused, at the latest after a second (XEP-0198 §4). */
  requested(): void {
    const sm = this.sm;
    if (sm === undefined) return;
    if (sm.answer()) this.write(sm.acknowledgement());
    else this.soon();
  }

  /** More is durable than before. */
  settled(): void {
    const sm = this.sm;
    if (sm?.answerDue() === true) this.write(sm.acknowledgement());
    if (this.waiting !== undefined && this.quiet) this.goOn(true);
  }

  /** `<a h/>`. @returns false when `h` counts more than was sent (XEP-0198 §4) */
  acknowledged(h: number): boolean {
    const references: Reference[] = [];
    if (this.sm?.acknowledged(h, references) !== true) return false;
    if (references.length > 0) this.home.proven(this, references);
    return true;
  }

  /** @returns true when the stanza is the answer to one of our pings, and so was meant for us alone */
  answered(stanza: Stanza): boolean {
    const references = stanza.id === undefined ? undefined : this.proofs?.answered(stanza.id);
    if (references === undefined) return false;
    // Asked before <enable/> and answered behind it: the client counts its answer (XEP-0198 §4).
    const n = this.sm?.ledger.take();
    if (n !== undefined) this.sm?.ledger.pay(n);
    if (references.length > 0) this.home.proven(this, references);
    return true;
  }

  /** Answers a stanza that goes nowhere; it counts as handled all the same (XEP-0198 §4). */
  refuse(stanza: Stanza, error: StanzaError): void {
    const n = this.sm?.ledger.take();
    if (mayBeRefused(stanza)) {
      this.deliver(errorBytes(stanza, undefined, this.jid, error), 0);
    }
    if (n !== undefined) this.sm?.ledger.pay(n);
  }

  /** A silent client is asked for a sign of life: XEP-0198 §4, or XEP-0199 §4.1. */
  probe(): void {
    if (this.sm !== undefined) this.write(this.sm.request());
    else
      this.write((this.proofs ??= new Proofs()).pingNow(this.parts.clock.monotonicMs(), this.jid));
  }

  // ---- from the owner

  deliver(stanza: Bytes, reference: Reference): void {
    if (this.screen === undefined) this.queue(stanza, reference);
    else if (!this.over && !this.sealed) {
      for (const item of this.screen.take(stanza, reference))
        this.queue(item.stanza, item.reference);
    }
  }

  setScreen(screen: Screen | undefined): void {
    const held = this.screen?.release();
    this.screen = screen;
    for (const item of held ?? []) this.queue(item.stanza, item.reference);
  }

  private queue(stanza: Bytes, reference: Reference): void {
    if (this.over || this.sealed) return;
    const sm = this.sm;
    if (sm !== undefined) {
      sm.sent(stanza, reference, this.stream !== undefined);
      if (sm.beyond(this.parts.limits)) {
        // SECURITY: the bound of the unacknowledged queue: the session ends, what it did not prove stays pending.
        this.end('resource-constraint');
        return;
      }
      // It waits behind what is still to be sent again.
      if (sm.resending) return;
      this.stream?.write(stanza);
      if (sm.wantsRequest()) this.write(sm.request());
      else this.soon();
      return;
    }
    this.stream?.write(stanza);
    if (reference !== 0) {
      this.proofs ??= new Proofs();
      this.proofs.given(reference);
      if (this.proofs.beyond) {
        this.end('resource-constraint');
        return;
      }
      this.soon();
    }
  }

  end(reason: EndReason): void {
    const stream = this.stream;
    this.stream = undefined;
    stream?.fail(reason);
    this.finish();
  }

  // ---- the connection comes and goes

  /** The connection is gone without a close tag. */
  disconnected(stream: SessionStream): void {
    if (this.stream !== stream) return;
    this.stream = undefined;
    if (this.sm?.resumable === true) {
      this.sm.hibernate(this.parts.clock.monotonicMs() + this.sm.resumeTimeoutMs);
      this.home.hibernates(this, true);
      this.soon();
    } else {
      this.finish();
    }
  }

  /**
   * The client closed its stream: RFC 6120 §4.4. The resource is gone for the account at once; receipt may be proved
   * until `closed`.
   */
  leave(stream: SessionStream): void {
    if (this.stream !== stream) return;
    this.stream = undefined;
    this.left = true;
    (this.proofs ??= new Proofs()).freeze();
    this.home.leaving(this);
  }

  /** After `leave`: the connection is closed. `fin`: the peer ended it after our close tag, so it had read everything. */
  closed(fin: boolean): void {
    if (fin && this.sm === undefined && this.proofs !== undefined) {
      const references = this.proofs.read();
      if (references.length > 0) this.home.proven(this, references);
    }
    this.finish();
  }

  /**
   * Before a new connection takes the session over: the old one, if it still hangs, is cut (XEP-0198 §5), and what it
   * brought is settled. Only then does `h` say all that was received, so that nothing of it is sent again.
   * @param ready called once, at once or later; not alive: the session has ended, or its client has left
   */
  pause(ready: (alive: boolean) => void): void {
    const old = this.stream;
    this.stream = undefined;
    old?.fail('conflict');
    // XEP-0352 §5.2: a resumed stream begins active.
    this.setScreen(undefined);
    if (this.over || this.left || this.quiet) {
      ready(!this.over && !this.left);
      return;
    }
    const nowMs = this.parts.clock.monotonicMs();
    if (this.waiting === undefined) this.waitUntilMs = nowMs + QUIET_MS;
    (this.waiting ??= []).push(ready);
    this.sm?.hibernate(nowMs + QUIET_MS + this.sm.resumeTimeoutMs);
    this.soon();
  }

  /** A new connection takes the session over, after `pause`. */
  resume(stream: SessionStream): void {
    const old = this.stream;
    this.stream = stream;
    old?.fail('conflict');
    if (!this.quiet) {
      // The client takes what `h` leaves out for lost: it counts anew from there, and may repeat it.
      this.sm?.recount();
      this.mayRepeat(REPEAT_MS);
    }
    this.sm?.wake();
    this.home.hibernates(this, false);
  }

  /** What was not acknowledged goes out again, in order; as much at a time as the client reads. */
  resend(): void {
    this.sm?.beginResend();
    this.relieved();
  }

  /** The client has read what it was sent: more of what is to be sent again goes out. */
  relieved(): void {
    if (this.stream !== undefined) this.sm?.resendTo(this.stream);
  }

  /** @returns undefined when it cannot be resumed, or waits on disk already: its state goes on in one place only */
  snapshot(): SessionSnapshot | undefined {
    const sm = this.sm;
    if (this.left || this.sealed || sm?.resumable !== true) return undefined;
    this.setScreen(undefined);
    if (this.over) return undefined;
    return {
      jid: this.jid.full,
      token: sm.token,
      resumeTimeoutMs: sm.resumeTimeoutMs,
      h: sm.h,
      clientH: sm.clientH,
      unacknowledged: [...sm.unacknowledged],
      unsettled: !this.quiet || this.stillAgain(),
    };
  }

  /** Makes this session the one that a snapshot was taken of; it hibernates until its client comes. */
  restore(snapshot: SessionSnapshot): void {
    this.sm = new StreamManagement(
      snapshot.token,
      snapshot.resumeTimeoutMs,
      () => {
        this.settled();
      },
      snapshot.h,
      snapshot.clientH,
    );
    this.sm.restore(snapshot.unacknowledged);
    if (snapshot.unsettled === true) this.mayRepeat(snapshot.resumeTimeoutMs + REPEAT_MS);
    this.sm.hibernate(this.parts.clock.monotonicMs() + snapshot.resumeTimeoutMs);
    this.soon();
  }

  /** Ends the connection by FIN, without the close tag that would tell the client to forget its session (XEP-0198 §5). */
  detach(): void {
    const { stream } = this;
    if (stream === undefined) return;
    this.disconnected(stream);
    stream.cut();
  }

  /** A snapshot of it is on its way to the disk: nothing is added to it here. */
  seal(): void {
    this.sealed = true;
  }

  /**
   * It goes on elsewhere, on another worker or after a restart: it is over here, without a last word to the owner.
   * The stream ends by FIN, without the close tag that would tell the client to forget it (XEP-0198 §5).
   */
  moveAway(): void {
    const stream = this.stream;
    this.over = true;
    this.stream = undefined;
    stream?.cut();
    this.parts.onEnd(this);
  }

  /** References of what it was given and has not proved. */
  unproven(): Reference[] {
    return [...(this.sm?.unproven() ?? []), ...(this.proofs?.all() ?? [])];
  }

  /** Everything that this session sent is settled. */
  get quiet(): boolean {
    return (this.sm?.ledger.open ?? 0) === 0;
  }

  /** The owner of the account is another one now (its worker was replaced). */
  rehome(home: SessionHome): void {
    this.home = home;
  }

  expire(nowMs: number): number | undefined {
    this.onWheel = false;
    if (this.over) return undefined;
    const sm = this.sm;
    if (sm !== undefined) {
      if (this.stream === undefined) {
        if (this.waiting !== undefined && nowMs >= this.waitUntilMs) this.goOn(true);
        if (!sm.expired(nowMs)) return this.again();
        this.finish();
        return undefined;
      }
      if (sm.answerAnyway()) this.write(sm.acknowledgement());
      if (sm.wantsRequestNow()) this.write(sm.request());
      return sm.waiting ? this.again() : undefined;
    }
    const ping = this.proofs?.ping(nowMs, this.jid);
    if (ping !== undefined) this.write(ping);
    return this.proofs?.waiting === true ? this.again() : undefined;
  }

  write(bytes: Bytes): void {
    this.stream?.write(bytes);
  }

  private again(): number {
    this.onWheel = true;
    return NEXT_TICK;
  }

  private soon(): void {
    if (this.onWheel) return;
    this.onWheel = true;
    this.parts.wheel.add(this, NEXT_TICK);
  }

  /** What it sends in the next while may be a repetition of what was acknowledged to nobody. */
  mayRepeat(forMs: number): void {
    this.againUntilMs = this.parts.clock.monotonicMs() + forMs;
  }

  private stillAgain(): boolean {
    if (this.parts.clock.monotonicMs() < this.againUntilMs) return true;
    this.againUntilMs = 0;
    return false;
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    const { sm } = this;
    this.home.ended(this, this.unproven(), sm?.loose() ?? [], sm?.unseen() ?? []);
    this.parts.onEnd(this);
    this.goOn(false);
  }

  private goOn(alive: boolean): void {
    const { waiting } = this;
    this.waiting = undefined;
    for (const ready of waiting ?? []) ready(alive && !this.over);
  }
}
