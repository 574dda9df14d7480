// The client of the rehearsal: speaks just enough XMPP to log in, and waits for what it expects by its text.
import { connect, type Socket } from 'node:net';
import { ScramClient } from '../../auth/scram-client.ts';
import type { Timers } from '../../util/clock.ts';

const PATIENCE_MS = 5000;
const NS_SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';

/** The stage does not play its part. */
class RehearsalError extends Error {
  override readonly name = 'RehearsalError';
}

export interface Login {
  readonly local: string;
  readonly domain: string;
  readonly password: string;
}

export class RehearsalClient {
  private readonly socket: Socket;
  private readonly timers: Timers;
  private received = '';
  private waiting: { text: string; times: number; heard: (text: string) => void } | undefined;
  private ended: ((error: Error) => void) | undefined;
  private failure: Error | undefined;

  constructor(port: number, timers: Timers) {
    this.timers = timers;
    this.socket = connect(port, '127.0.0.1');
    this.socket.setEncoding('latin1');
    this.socket.on('data', (chunk: string) => {
      this.received += chunk;
      this.look();
    });
    this.socket.on('error', (error) => this.fail(error));
    this.socket.on('close', () => this.fail(new RehearsalError('the connection ended')));
  }

  send(xml: string): void {
    this.socket.write(xml, 'latin1');
  }

  /** Waits until `text` was received so many times. @returns everything received since the last wait */
  async hear(text: string, times = 1): Promise<string> {
    const limit = this.timers.after(PATIENCE_MS, () => this.fail(new RehearsalError(`no ${text}`)));
    return await new Promise<string>((resolve, reject) => {
      if (this.failure !== undefined) {
        reject(this.failure);
        return;
      }
      this.ended = reject;
      this.waiting = { text, times, heard: resolve };
      this.look();
    }).finally(() => limit.cancel());
  }

  /** RFC 6120 §6 with SCRAM-SHA-256 (RFC 7677), §7, then the old session request that many clients still make. */
  async logIn({ local, domain, password }: Login): Promise<void> {
    const header = `<?xml version='1.0'?><stream:stream to='${domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;
    this.send(header);
    await this.hear('</stream:features>');
    const scram = new ScramClient({ username: local, password, digest: 'sha256' });
    const first = scram.first().toString('base64');
    this.send(`<auth xmlns='${NS_SASL}' mechanism='SCRAM-SHA-256'>${first}</auth>`);
    const challenge = contentOf(await this.hear('</challenge>'));
    const last = scram.last(challenge).toString('base64');
    this.send(`<response xmlns='${NS_SASL}'>${last}</response>`);
    await this.hear('</success>');
    this.send(header);
    await this.hear('</stream:features>');
    this.send(
      "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq><iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
    );
    await this.hear("id='s'");
  }

  end(): void {
    this.socket.end('</stream:stream>');
  }

  private look(): void {
    const { waiting } = this;
    if (waiting === undefined) return;
    let at = -1;
    for (let left = waiting.times; left > 0; left--) {
      at = this.received.indexOf(waiting.text, at + 1);
      if (at < 0) return;
    }
    const text = this.received;
    this.received = '';
    this.waiting = undefined;
    waiting.heard(text);
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.waiting = undefined;
    this.socket.destroy();
    this.ended?.(this.failure);
  }
}

/** The content of the last element in `xml`, which is base64. */
function contentOf(xml: string): Buffer {
  return Buffer.from(/>([^<>]+)<\/\w+>$/.exec(xml)?.[1] ?? '', 'base64');
}
