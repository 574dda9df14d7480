// What a client asked for besides its log-in, done between the proof and <success/>: XEP-0388 §2.6.1 (v1.0.4).
// A device's token (XEP-0484), resumption (XEP-0198 §9), or else a resource with what belongs to it (XEP-0386).
import type { AuthContext } from '../auth/mechanisms.ts';
import type { Grant } from '../auth/token-login.ts';
import { JidError, makeJid, type Jid } from '../protocol/jid.ts';
import { NS } from '../protocol/namespaces.ts';
import { errorContent } from '../protocol/stanza-error.ts';
import { formatTimestamp } from '../protocol/timestamp.ts';
import type { Session } from '../session/session.ts';
import type { XmppStream } from '../stream/xmpp-stream.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import { StanzaReader } from '../xml/stanza-reader.ts';
import { escapeText } from '../xml/writer.ts';
import { bindError } from './bind.ts';
import type { BindExtras, BindOutcome, C2sParts } from './c2s-parts.ts';
import { featuresAfterBind, featuresAfterLogin } from './features.ts';
import { additionalData, type Proven } from './sasl2.ts';
import type { BindRequest, ResumeRequest } from './sasl2-request.ts';
import { enable } from './stream-management.ts';

/** What these steps need of the log-in that they belong to. */
export interface InlineUser {
  readonly parts: C2sParts;
  readonly stream: XmppStream;
  readonly user: { device: string; replay(element: Stanza): void };
  bindTo(
    account: Jid,
    resource: string | undefined,
    extras: BindExtras,
    done: (outcome: BindOutcome) => void,
  ): void;
  resume(
    account: Jid,
    request: ResumeRequest,
    done: (answer: Bytes, session: Session | undefined) => void,
  ): void;
  broken(cause: unknown): void;
}

export class InlineSteps {
  private readonly logIn: InlineUser;
  private readonly account: Jid;
  private readonly proven: Proven;
  private readonly context: AuthContext;
  private grant: Grant | undefined;
  /** Children of <success/> from the steps that are done. */
  private answers = '';

  constructor(logIn: InlineUser, account: Jid, proven: Proven, context: AuthContext) {
    this.logIn = logIn;
    this.account = account;
    this.proven = proven;
    this.context = context;
    this.grant = proven.grant;
  }

  run(): void {
    const { logIn, account, proven, context } = this;
    const { request, success } = proven;
    const { agent } = request;
    if (agent === undefined || success.temporary === true) {
      this.resume();
      return;
    }
    const { auth } = logIn.parts;
    logIn.user.device = auth.label(account, agent.id);
    // A log-in by token has seen to both: XEP-0484 §3.5.
    const arriving = request.fast
      ? undefined
      : auth.arrived(context, account, agent, request.token.wanted);
    if (arriving === undefined || request.token.wanted === undefined) {
      this.resume();
      return;
    }
    logIn.stream.hold();
    arriving
      .then((grant) => {
        this.grant = grant;
        if (!logIn.stream.ended) this.resume();
      })
      .catch((error: unknown) => {
        logIn.broken(error);
      })
      .finally(() => {
        logIn.stream.release();
      });
  }

  /** XEP-0386 §4.2: first of all; if it succeeds, what was asked to be bound is nobody's business. */
  private resume(): void {
    const { logIn, account } = this;
    const { resume } = this.proven.request;
    if (resume === undefined) {
      this.bind();
      return;
    }
    logIn.resume(account, resume, (answer, session) => {
      this.answers = answer;
      if (session === undefined) this.bind();
      else {
        // XEP-0198 §9.2: no features follow, the stream is as it was.
        this.succeed(session.jid.full);
        session.resend();
      }
    });
  }

  private bind(): void {
    const { logIn, account } = this;
    const { bind } = this.proven.request;
    if (bind === undefined) {
      this.succeed(account.bare);
      logIn.stream.write(featuresAfterLogin(logIn.parts));
      return;
    }
    const { device } = logIn.user;
    const resource = resourceFor(account, bind.tag, device, () => logIn.parts.random.id());
    logIn.bindTo(account, resource, { device, inline: bind.bytes }, (outcome) => {
      this.bound(bind, outcome);
    });
  }

  private bound(bind: BindRequest, outcome: BindOutcome): void {
    const { logIn } = this;
    if (outcome.refused !== undefined) {
      // The log-in holds; what stood in the way of the resource is said, and the client may bind one as RFC 6120 has it.
      const error = errorContent(bindError(outcome.refused));
      this.answers += `<failed xmlns='${NS.bind2}'>${error}</failed>`;
      this.succeed(this.account.bare);
      logIn.stream.write(featuresAfterLogin(logIn.parts));
      return;
    }
    const { session } = outcome;
    const enabled = bind.enable === undefined ? '' : this.enable(session, bind.enable);
    this.answers += `<bound xmlns='${NS.bind2}'>${enabled}${outcome.inline ?? ''}</bound>`;
    this.succeed(session.jid.full);
    logIn.stream.write(featuresAfterBind(logIn.parts, session.management !== undefined));
    // XEP-0386 §4.2: "the session must begin in that state".
    if (bind.clientState !== undefined && logIn.parts.takesInline(NS.csi))
      logIn.user.replay(new StanzaReader(logIn.parts.xml).read(bind.clientState));
  }

  private enable(session: Session, request: NonNullable<BindRequest['enable']>): Bytes {
    const { door, settings } = this.logIn.parts;
    return enable(session, request, () => door.token(session), settings.resumeTimeoutMs);
  }

  private succeed(identifier: string): void {
    const { grant } = this;
    const token =
      grant === undefined
        ? ''
        : `<token xmlns='${NS.fast}' expiry='${formatTimestamp(grant.expiresAt)}' token='${grant.token}'/>`;
    const data = additionalData(this.proven.data);
    this.logIn.stream.write(
      `<success xmlns='${NS.sasl2}'>${data}<authorization-identifier>${escapeText(identifier)}</authorization-identifier>${this.answers}${token}</success>` as Bytes,
    );
  }
}

/** XEP-0386 §4.2.1: the client's tag, then what stands for the device, always the same; else something new. */
function resourceFor(account: Jid, tag: string, device: string, random: () => string): string {
  const id = device === '' ? random() : device;
  if (tag === '') return id;
  try {
    return makeJid(account.local, account.domain, `${tag}/${id}`).resource;
  } catch (error) {
    // Not every text can be part of an address; the log-in does not fail for it.
    if (error instanceof JidError) return id;
    throw error;
  }
}
