// SASL2 on a client stream: XEP-0388 (v1.0.4), with tasks for better keys (XEP-0480 v0.2.0). The exchanges are in auth/.
import type { Authenticator } from '../auth/authenticator.ts';
import type { Credentials } from '../auth/credentials.ts';
import { upgradedKeys, type KeyUpgrade } from '../auth/key-upgrade.ts';
import type { AuthContext } from '../auth/mechanisms.ts';
import type { SaslExchange } from '../auth/sasl-exchange.ts';
import { decodeSasl2, encodeSasl } from '../auth/sasl-text.ts';
import type { SaslCondition, SaslStep, SaslSuccess } from '../auth/sasl-step.ts';
import type { Grant } from '../auth/token-login.ts';
import { makeJid } from '../protocol/jid.ts';
import { NS } from '../protocol/namespaces.ts';
import { StreamError } from '../protocol/stream-error.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import { escapeText } from '../xml/writer.ts';
import type { Attempts } from './attempts.ts';
import { elementOf, readAuthenticate, type AuthenticateRequest } from './sasl2-request.ts';

/** Who logged in, and what is still to be told and done. */
export interface Proven {
  readonly success: SaslSuccess;
  readonly request: AuthenticateRequest;
  /** `<additional-data/>` that no `<continue/>` carried. */
  readonly data: Buffer | undefined;
  /** What a log-in by token brought. */
  readonly grant: Grant | undefined;
}

export interface Sasl2User {
  readonly auth: Authenticator;
  readonly attempts: Attempts;
  context(): AuthContext;
  write(bytes: Bytes): void;
  hold(): void;
  release(): void;
  proven(proven: Proven): void;
  end(error: StreamError): void;
  /** What broke on our side; never sent. */
  broken(cause: unknown): void;
}

/** Tasks under way, the first of `due` being the one. */
interface Tasks {
  readonly success: SaslSuccess;
  readonly known: Credentials;
  readonly due: KeyUpgrade[];
  readonly better: Credentials['keys'];
  /** The client began the first one and was told salt and iterations. */
  begun: boolean;
}

/** Lives from the first `<authenticate/>` to success. */
export class Sasl2Negotiation {
  private readonly user: Sasl2User;
  private request: AuthenticateRequest | undefined;
  private exchange: SaslExchange | undefined;
  private tasks: Tasks | undefined;
  /** Counts attempts: what was awaited for an earlier one is not for this. */
  private attempt = 0;

  constructor(user: Sasl2User) {
    this.user = user;
  }

  /** From `<authenticate/>` to its outcome, in which nothing else may come (§2.4). */
  get underWay(): boolean {
    return this.request !== undefined;
  }

  element(stanza: Stanza): void {
    switch (stanza.name) {
      case 'authenticate':
        this.authenticate(stanza);
        return;
      case 'response':
        this.response(stanza);
        return;
      case 'next':
        this.next(stanza);
        return;
      case 'task-data':
        this.taskData(stanza);
        return;
      case 'abort':
        // §5.5
        this.fail('aborted');
        return;
      default:
        throw new StreamError('unsupported-stanza-type');
    }
  }

  /** The stream is gone. */
  abandon(): void {
    this.attempt++;
    this.exchange?.abort();
    this.exchange = undefined;
    this.tasks = undefined;
    this.request = undefined;
  }

  private authenticate(stanza: Stanza): void {
    if (this.underWay) {
      throw new StreamError('policy-violation', 'An attempt to log in is under way already.');
    }
    const read = readAuthenticate(stanza);
    if ('refused' in read) {
      this.fail(read.refused);
      return;
    }
    const { request } = read;
    this.request = request;
    if (request.fast) {
      this.withToken(request);
      return;
    }
    this.exchange = this.user.auth.begin(this.user.context());
    this.step(this.exchange.start(request.mechanism, request.initial));
  }

  /** XEP-0484 §3.4: one message each way, or none that helps. */
  private withToken(request: AuthenticateRequest): void {
    const { auth } = this.user;
    const { mechanism, initial, agent, token } = request;
    this.await(
      auth.beginWithToken(this.user.context(), mechanism, initial, agent, token),
      (outcome) => {
        if (outcome.step.kind === 'success') this.succeed(outcome.step, outcome.grant);
        else this.act(outcome.step);
      },
    );
  }

  private response(stanza: Stanza): void {
    const data = decodeSasl2(stanza.text());
    if (this.exchange === undefined)
      this.fail('malformed-request', 'There is no exchange to respond to.');
    else if (data === undefined) this.fail('incorrect-encoding');
    else this.step(this.exchange.respond(data));
  }

  private step(step: SaslStep | Promise<SaslStep>): void {
    if (step instanceof Promise) this.await(step, (done) => this.act(done));
    else this.act(step);
  }

  private act(step: SaslStep): void {
    switch (step.kind) {
      case 'challenge':
        this.user.write(
          `<challenge xmlns='${NS.sasl2}'>${encodeSasl(step.data)}</challenge>` as Bytes,
        );
        return;
      case 'success':
        this.exchange = undefined;
        this.succeed(step, undefined);
        return;
      case 'failure':
        if (step.cause !== undefined) this.user.broken(step.cause);
        this.fail(step.condition, step.text, step.misfit);
    }
  }

  private succeed(success: SaslSuccess, grant: Grant | undefined): void {
    const { request } = this;
    if (request === undefined) return;
    const known = success.credentials;
    const due = known === undefined ? [] : this.user.auth.upgradesFor(request.upgrades, known);
    if (known !== undefined && due.length > 0) {
      this.tasks = { success, known, due: [...due], better: {}, begun: false };
      this.goOn(success.data);
      return;
    }
    this.request = undefined;
    this.user.proven({ success, request, data: success.data, grant });
  }

  // ---- tasks

  /** §2.6.3 */
  private goOn(data: Buffer | undefined): void {
    const task = this.tasks?.due[0]?.task ?? '';
    this.user.write(
      `<continue xmlns='${NS.sasl2}'>${additionalData(data)}<tasks><task>${task}</task></tasks></continue>` as Bytes,
    );
  }

  private next(stanza: Stanza): void {
    const upgrade = this.tasks?.due[0];
    if (this.tasks === undefined || upgrade === undefined || this.tasks.begun) {
      this.fail('malformed-request', 'There is no task to begin.');
    } else if (stanza.attr('task') !== upgrade.task) {
      this.fail('malformed-request', 'That task was not offered.');
    } else {
      this.tasks.begun = true;
      // XEP-0480 §4
      const { salt, iterations } = upgrade;
      const salted = `<salt xmlns='${NS.scramUpgrade}' iterations='${iterations}'>${salt.toString('base64')}</salt>`;
      this.user.write(`<task-data xmlns='${NS.sasl2}'>${salted}</task-data>` as Bytes);
    }
  }

  private taskData(stanza: Stanza): void {
    const { tasks } = this;
    const upgrade = tasks?.due[0];
    if (tasks?.begun !== true || upgrade === undefined) {
      this.fail('malformed-request', 'There is no task under way.');
      return;
    }
    const hash = elementOf(stanza, 'hash', NS.scramUpgrade);
    const salted = hash === undefined ? undefined : decodeSasl2(hash.getText());
    const keys = salted && upgradedKeys(upgrade, salted);
    if (keys === undefined) {
      this.fail('malformed-request', 'That is no SaltedPassword of this hash.');
      return;
    }
    tasks.better[upgrade.hash] = keys;
    tasks.begun = false;
    tasks.due.shift();
    if (tasks.due.length > 0) this.goOn(undefined);
    else this.keep(tasks);
  }

  private keep({ success, known, better }: Tasks): void {
    const { request } = this;
    if (request === undefined) return;
    const account = makeJid(success.local, success.domain, '');
    const keys = { ...known.keys, ...better };
    const kept = this.user.auth.keep(account, known, { ...known, keys }).catch((cause: unknown) => {
      // The old keys are as good as they were.
      this.user.broken(cause);
    });
    this.await(kept, () => {
      this.tasks = undefined;
      this.request = undefined;
      // §2.6.1: what the mechanism had to say went with <continue/>.
      this.user.proven({ success, request, data: undefined, grant: undefined });
    });
  }

  // ---- waiting and failing

  /** Nothing the client pipelines behind it is read before the answer is known. */
  private await<T>(promise: Promise<T>, done: (value: T) => void): void {
    this.user.hold();
    const { attempt } = this;
    promise
      .then(
        (value) => {
          if (this.attempt === attempt) done(value);
        },
        (error: unknown) => {
          this.user.broken(error);
          if (this.attempt === attempt) this.fail('temporary-auth-failure');
        },
      )
      .catch((error: unknown) => {
        this.user.broken(error);
      })
      .finally(() => {
        this.user.release();
      });
  }

  /** §2.6.2: a condition of RFC 6120 §6.5; nothing of what was asked for besides is done. */
  private fail(condition: SaslCondition, text?: string, misfit = false): void {
    this.abandon();
    const explanation = text === undefined ? '' : `<text>${escapeText(text)}</text>`;
    this.user.write(
      `<failure xmlns='${NS.sasl2}'><${condition} xmlns='${NS.sasl}'/>${explanation}</failure>` as Bytes,
    );
    if (this.user.attempts.failed(misfit)) {
      this.user.end(new StreamError('policy-violation', 'Too many failed attempts to log in.'));
    }
  }
}

/** §2.6.1: left out where the mechanism has nothing to say. */
export function additionalData(data: Buffer | undefined): string {
  return data === undefined ? '' : `<additional-data>${encodeSasl(data)}</additional-data>`;
}
