// A client's stream from its first features to a session: STARTTLS, SASL, binding or resuming. RFC 6120 §5–§7, XEP-0198 §5.
import type { AuthContext, ChannelBinding } from '../auth/mechanisms.ts';
import type { SaslSuccess } from '../auth/sasl-step.ts';
import { makeJid, type Jid } from '../protocol/jid.ts';
import { NS } from '../protocol/namespaces.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import { StreamError } from '../protocol/stream-error.ts';
import type { Session } from '../session/session.ts';
import type { SessionStream } from '../session/session-stream.ts';
import type { XmppStream } from '../stream/xmpp-stream.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import { escapeAttr } from '../xml/writer.ts';
import { Attempts } from './attempts.ts';
import { bindError, bound, notBound, wantedResource } from './bind.ts';
import type { BindExtras, BindOutcome, C2sParts } from './c2s-parts.ts';
import { channelBindingOf } from './channel-binding.ts';
import { answerEarly } from './early-requests.ts';
import { featuresAfterLogin } from './features.ts';
import { InlineSteps, type InlineUser } from './inline-steps.ts';
import { SaslNegotiation } from './sasl.ts';
import { Sasl2Negotiation } from './sasl2.ts';
import type { ResumeRequest } from './sasl2-request.ts';
import { failed, parseH, tooHigh } from './stream-management.ts';

/** For so long after a failed resumption a client may send again what it had no <a/> for. */
const AGAIN_MS = 30_000;

const PROCEED = `<proceed xmlns='${NS.tls}'/>` as Bytes;

/** The stream that logs in. */
export interface LoginUser extends SessionStream {
  /** Prepared; what the stream is addressed to. */
  readonly domain: string;
  /** A session stands: what comes from now on is its. The log-in is dropped. */
  stand(session: Session): void;
  /** Handles an element as if the client had sent it behind its log-in. */
  replay(element: Stanza): void;
  /** Which device of the account it is. */
  device: string;
}

/** What is only needed until a session stands. */
export class LogIn implements InlineUser {
  readonly parts: C2sParts;
  readonly stream: XmppStream;
  readonly user: LoginUser;
  /** Who logged in. */
  account: Jid | undefined;
  private temporary = false;
  private binding: ChannelBinding | undefined;
  private certified: readonly string[] | undefined;
  private resumptionFailed = false;
  private attempts: Attempts | undefined;
  private sasl: SaslNegotiation | undefined;
  private sasl2: Sasl2Negotiation | undefined;

  constructor(user: LoginUser, stream: XmppStream, parts: C2sParts) {
    this.user = user;
    this.stream = stream;
    this.parts = parts;
  }

  features(): Bytes {
    if (this.account !== undefined) return featuresAfterLogin(this.parts);
    return this.parts.features.for(this.parts, this.context());
  }

  element(stanza: Stanza): void {
    if (this.sasl2?.underWay === true && stanza.ns !== NS.sasl2) {
      // XEP-0388 §2.4: "disconnect Clients immediately if any other traffic is received".
      throw new StreamError('policy-violation', 'Finish logging in first.');
    }
    if (stanza.ns === NS.sm3) this.manageBeforeBind(stanza);
    else if (this.account === undefined) this.beforeLogin(stanza);
    else this.bind(stanza, this.account);
  }

  /** The stream is gone. */
  abandon(): void {
    this.sasl?.abandon();
    this.sasl2?.abandon();
  }

  // ---- before log-in

  private context(): AuthContext {
    const { parts, stream } = this;
    const { domain } = this.user;
    const { tls } = stream.transport;
    const from = stream.header?.from;
    const streamFrom = from === undefined ? undefined : parts.jids.get(from)?.bare;
    if (tls !== undefined && this.binding === undefined) {
      this.binding = channelBindingOf(tls, parts.endPoint);
      this.certified = parts.certified(tls, domain);
    }
    const { certified } = this;
    return {
      domain,
      encrypted: tls !== undefined,
      binding: this.binding ?? {},
      peerAddress: stream.transport.remoteAddress,
      anonymous: parts.anonymousHosts.has(domain),
      ...(streamFrom === undefined ? {} : { streamFrom }),
      ...(certified === undefined ? {} : { certified }),
    };
  }

  private beforeLogin(stanza: Stanza): void {
    const secured = this.stream.transport.tls !== undefined;
    if (stanza.ns === NS.tls && stanza.name === 'starttls' && !secured) this.startTls();
    else if (stanza.ns === NS.sasl) this.logIn(stanza, secured);
    else if (stanza.ns === NS.sasl2) this.logIn2(stanza, secured);
    else this.requestBeforeLogin(stanza, secured);
  }

  private requestBeforeLogin(stanza: Stanza, secured: boolean): void {
    const { early, settings, jids, log } = this.parts;
    const open = early === undefined || (settings.tlsRequired && !secured) ? undefined : early;
    const { stream } = this;
    answerEarly(
      stanza,
      {
        domain: this.user.domain,
        peerAddress: stream.transport.remoteAddress,
        stream: this.user,
        write: (bytes) => stream.write(bytes),
        hold: () => stream.hold(),
        release: () => stream.release(),
      },
      (ns, name) => open?.find(ns, name, secured),
      (address) => jids.get(address)?.full,
      log,
    );
  }

  private startTls(): void {
    // RFC 6120 §5.4.2.3; what came behind <starttls/> in the clear is not ours (SECURITY: command injection).
    this.stream.discard();
    this.stream.write(PROCEED);
    this.stream.transport.startTls(this.parts.tls, () => {
      this.stream.renew();
    });
  }

  private logIn(stanza: Stanza, secured: boolean): void {
    const { stream } = this;
    if (this.parts.settings.tlsRequired && !secured) {
      // RFC 6120 §6.5.4
      stream.write(`<failure xmlns='${NS.sasl}'><encryption-required/></failure>` as Bytes);
      return;
    }
    this.sasl ??= new SaslNegotiation({
      attempts: (this.attempts ??= new Attempts()),
      begin: () => this.parts.auth.begin(this.context()),
      write: (bytes) => stream.write(bytes),
      hold: () => stream.hold(),
      release: () => stream.release(),
      authenticated: (success, answer) => {
        this.loggedIn(success);
        stream.write(answer);
        stream.restart();
      },
      end: (error) => stream.fail(error),
      broken: (cause) => this.broken(cause),
    });
    this.sasl.element(stanza);
  }

  private logIn2(stanza: Stanza, secured: boolean): void {
    const { stream } = this;
    if (!secured) {
      // XEP-0388 §4: after TLS alone.
      stream.write(
        `<failure xmlns='${NS.sasl2}'><encryption-required xmlns='${NS.sasl}'/></failure>` as Bytes,
      );
      return;
    }
    this.sasl2 ??= new Sasl2Negotiation({
      auth: this.parts.auth,
      attempts: (this.attempts ??= new Attempts()),
      context: () => this.context(),
      write: (bytes) => stream.write(bytes),
      hold: () => stream.hold(),
      release: () => stream.release(),
      proven: (proven) => {
        const account = this.loggedIn(proven.success);
        new InlineSteps(this, account, proven, this.context()).run();
      },
      end: (error) => stream.fail(error),
      broken: (cause) => this.broken(cause),
    });
    this.sasl2.element(stanza);
  }

  private loggedIn(success: SaslSuccess): Jid {
    const account = makeJid(success.local, success.domain, '');
    this.account = account;
    this.temporary = success.temporary === true;
    this.sasl = undefined;
    this.stream.setLimits(this.parts.settings.afterLogin);
    return account;
  }

  broken(cause: unknown): void {
    this.parts.log.error({ err: cause, stream: this.stream.id }, 'log-in failed on our side');
  }

  // ---- after log-in

  private bind(stanza: Stanza, account: Jid): void {
    if (stanza.ns === NS.sasl2) {
      // XEP-0388 §5.8
      throw new StreamError('policy-violation', 'You are logged in already.');
    }
    let resource: string | undefined;
    try {
      resource = wantedResource(stanza, account);
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      this.stream.write(notBound(stanza, error));
      return;
    }
    this.bindTo(account, resource, {}, (outcome) => {
      if (outcome.refused !== undefined)
        this.stream.write(notBound(stanza, bindError(outcome.refused)));
      else this.stream.write(bound(stanza, outcome.session.jid));
    });
  }

  /**
   * Binds a resource; the session stands when `done` is called with one. Nothing further is handled meanwhile.
   * @param done not called when the stream has ended meanwhile
   */
  bindTo(
    account: Jid,
    resource: string | undefined,
    extras: BindExtras,
    done: (outcome: BindOutcome) => void,
  ): void {
    const asked = this.temporary ? { ...extras, temporary: true } : extras;
    this.stream.hold();
    this.parts.door.bind(account, resource, this.user, asked, (outcome) => {
      const session = outcome.refused === undefined ? outcome.session : undefined;
      if (this.stream.ended) session?.disconnected(this.user);
      else {
        if (session !== undefined) {
          if (this.resumptionFailed) session.mayRepeat(AGAIN_MS);
          this.user.stand(session);
        }
        done(outcome);
      }
      this.stream.release();
    });
  }

  private manageBeforeBind(stanza: Stanza): void {
    const { account } = this;
    if (stanza.name !== 'resume' || account === undefined) {
      // XEP-0198 §3, §5: enabling needs a bound resource, resuming a log-in.
      this.stream.write(failed('unexpected-request'));
      return;
    }
    const request = { token: stanza.attr('previd'), h: parseH(stanza.attr('h')) };
    this.resume(account, request, (answer, session) => {
      this.stream.write(answer);
      session?.resend();
    });
  }

  /**
   * XEP-0198 §5. Nothing further is handled meanwhile.
   * @param done given `<resumed/>` and the session, which stands, or `<failed/>`. Not called when the stream has ended.
   */
  resume(
    account: Jid,
    { token, h }: ResumeRequest,
    done: (answer: Bytes, session: Session | undefined) => void,
  ): void {
    if (h === undefined || token === undefined) {
      done(failed('bad-request'), undefined);
      return;
    }
    this.stream.hold();
    this.parts.door.resume(account, token, h, (outcome) => {
      if (outcome.refused === 'too-high') {
        // The session and its connection, if that still stands, know nothing of it.
        this.stream.fail(tooHigh(outcome.sent, h));
        this.stream.release();
      } else if (outcome.refused !== undefined) {
        // What it sends next may repeat what a crash swallowed the acknowledgement of.
        this.resumptionFailed = true;
        done(failed(outcome.refused, outcome.h), undefined);
        this.stream.release();
      } else {
        const { session } = outcome;
        session.pause((alive) => {
          if (!alive) {
            this.resumptionFailed = true;
            done(failed('item-not-found'), undefined);
          } else if (!this.stream.ended) this.resumed(session, token, h, done);
          this.stream.release();
        });
      }
    });
  }

  private resumed(
    session: Session,
    token: string,
    h: number,
    done: (answer: Bytes, session: Session) => void,
  ): void {
    session.resume(this.user);
    this.user.stand(session);
    if (!session.acknowledged(h)) {
      this.stream.fail(tooHigh(session.management?.sentCount ?? 0, h));
      return;
    }
    const answer = `<resumed xmlns='${NS.sm3}' previd='${escapeAttr(token)}' h='${session.management?.h ?? 0}'/>`;
    done(answer as Bytes, session);
  }
}
