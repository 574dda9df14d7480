// SASL on a client stream: RFC 6120 §6. The exchange itself is in auth/.
import type { SaslExchange } from '../auth/sasl-exchange.ts';
import { decodeSasl, encodeSasl } from '../auth/sasl-text.ts';
import type { SaslCondition, SaslStep, SaslSuccess } from '../auth/sasl-step.ts';
import { NS } from '../protocol/namespaces.ts';
import { StreamError } from '../protocol/stream-error.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import { escapeText } from '../xml/writer.ts';
import type { Attempts } from './attempts.ts';

export interface SaslUser {
  readonly attempts: Attempts;
  begin(): SaslExchange;
  write(bytes: Bytes): void;
  hold(): void;
  release(): void;
  authenticated(success: SaslSuccess, answer: Bytes): void;
  end(error: StreamError): void;
  /** What broke on our side; never sent. */
  broken(cause: unknown): void;
}

/** Lives from the first <auth/> to success. */
export class SaslNegotiation {
  private readonly user: SaslUser;
  private exchange: SaslExchange | undefined;

  constructor(user: SaslUser) {
    this.user = user;
  }

  element(stanza: Stanza): void {
    switch (stanza.name) {
      case 'auth': {
        this.exchange?.abort();
        this.exchange = this.user.begin();
        const text = stanza.text();
        // RFC 6120 §6.4.2: no text is no initial response, `=` is an empty one.
        const initial = text === '' ? undefined : decodeSasl(text);
        if (text !== '' && initial === undefined) this.fail('incorrect-encoding');
        else this.step(this.exchange.start(stanza.attr('mechanism') ?? '', initial));
        return;
      }
      case 'response': {
        const data = decodeSasl(stanza.text());
        if (this.exchange === undefined)
          this.fail('malformed-request', 'There is no exchange to respond to.');
        else if (data === undefined) this.fail('incorrect-encoding');
        else this.step(this.exchange.respond(data));
        return;
      }
      case 'abort':
        // RFC 6120 §6.4.4
        this.fail('aborted');
        return;
      default:
        throw new StreamError('unsupported-stanza-type');
    }
  }

  /** The stream is gone. */
  abandon(): void {
    this.exchange?.abort();
    this.exchange = undefined;
  }

  private step(step: SaslStep | Promise<SaslStep>): void {
    if (!(step instanceof Promise)) {
      this.act(step);
      return;
    }
    // Nothing the client pipelines behind it is read before the answer is known.
    this.user.hold();
    const exchange = this.exchange;
    step
      .then(
        (done) => {
          if (this.exchange === exchange && exchange !== undefined) this.act(done);
        },
        (error: unknown) => {
          this.user.broken(error);
          this.fail('temporary-auth-failure');
        },
      )
      .catch((error: unknown) => {
        this.user.broken(error);
      })
      .finally(() => {
        this.user.release();
      });
  }

  private act(step: SaslStep): void {
    switch (step.kind) {
      case 'challenge':
        this.user.write(
          `<challenge xmlns='${NS.sasl}'>${encodeSasl(step.data)}</challenge>` as Bytes,
        );
        return;
      case 'success': {
        this.exchange = undefined;
        const data = encodeSasl(step.data);
        const answer =
          data === ''
            ? `<success xmlns='${NS.sasl}'/>`
            : `<success xmlns='${NS.sasl}'>${data}</success>`;
        this.user.authenticated(step, answer as Bytes);
        return;
      }
      case 'failure':
        if (step.cause !== undefined) this.user.broken(step.cause);
        this.fail(step.condition, step.text, step.misfit);
    }
  }

  private fail(condition: SaslCondition, text?: string, misfit = false): void {
    this.abandon();
    const explanation = text === undefined ? '' : `<text xml:lang='en'>${escapeText(text)}</text>`;
    this.user.write(`<failure xmlns='${NS.sasl}'><${condition}/>${explanation}</failure>` as Bytes);
    if (this.user.attempts.failed(misfit)) {
      this.user.end(new StreamError('policy-violation', 'Too many failed attempts to log in.'));
    }
  }
}
