// Log-in by SASL2 as a test writes it: XEP-0388, with passwords (SCRAM, PLAIN) and tokens (XEP-0484).
import { createHash, createHmac, randomBytes, type X509Certificate } from 'node:crypto';
import { ScramClient } from '../../src/auth/scram-client.ts';
import { Connection, type ConnectOptions } from './connection.ts';
import type { TestServer, User } from './server.ts';
import { childOf, textOf, type Element } from './xml.ts';

export const SASL2 = 'urn:xmpp:sasl:2';
export const BIND2 = 'urn:xmpp:bind:0';
export const FAST = 'urn:xmpp:fast:0';
export const SM = 'urn:xmpp:sm:3';

export interface Sasl2Login {
  /** Default SCRAM-SHA-256. */
  readonly mechanism?: string;
  readonly local: string;
  readonly password?: string;
  /** Instead of a password. */
  readonly token?: string;
  /** `<user-agent id=''/>` */
  readonly device?: string;
  /** Attributes of `<fast/>`. */
  readonly fast?: string;
  /** Further children of `<authenticate/>`. */
  readonly children?: string;
}

const DIGESTS: Readonly<Record<string, 'sha1' | 'sha256' | 'sha512'>> = {
  'SCRAM-SHA-1': 'sha1',
  'SCRAM-SHA-256': 'sha256',
  'SCRAM-SHA-512': 'sha512',
};

/** A new id of an installation. */
export function newDevice(): string {
  const hex = randomBytes(16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** A connection under TLS whose features were read. */
export async function secured(
  server: TestServer,
  options: ConnectOptions = {},
): Promise<{ connection: Connection; features: Element }> {
  const connection = await Connection.open(server, { ...options, tls: 'direct' });
  return { connection, features: await connection.features() };
}

export function authenticateXml(login: Sasl2Login, initial: Buffer | undefined): string {
  const { mechanism = 'SCRAM-SHA-256', device, token, fast = '', children = '' } = login;
  const response =
    initial === undefined
      ? ''
      : `<initial-response>${initial.toString('base64')}</initial-response>`;
  const agent =
    device === undefined
      ? ''
      : `<user-agent id='${device}'><software>Test</software><device>Bench</device></user-agent>`;
  const isFast = token === undefined ? '' : `<fast xmlns='${FAST}' ${fast}/>`;
  return `<authenticate xmlns='${SASL2}' mechanism='${mechanism}'>${response}${agent}${isFast}${children}</authenticate>`;
}

/** One attempt. @returns `<success/>`, `<continue/>` or `<failure/>` */
export async function authenticate(connection: Connection, login: Sasl2Login): Promise<Element> {
  const { mechanism = 'SCRAM-SHA-256', local, password = '', token } = login;
  if (token !== undefined) {
    const channel = channelOf(connection, mechanism);
    connection.send(authenticateXml(login, tokenProof(local, token, channel)));
    const outcome = await connection.element();
    if (outcome.name === 'success') {
      const answer = hmac(token, 'Responder', channel).toString('base64');
      if (dataOf(outcome) !== answer) throw new TypeError('the server does not know the token');
    }
    return outcome;
  }
  if (mechanism === 'PLAIN') {
    connection.send(authenticateXml(login, Buffer.from(`\0${local}\0${password}`)));
    return await connection.element();
  }
  const digest = DIGESTS[mechanism];
  if (digest === undefined) {
    connection.send(authenticateXml(login, undefined));
    return await connection.element();
  }
  const nonce = randomBytes(12).toString('hex');
  const scram = new ScramClient({ username: local, password, digest, nonce });
  connection.send(authenticateXml(login, scram.first()));
  const challenge = await connection.element();
  if (challenge.name !== 'challenge') return challenge;
  const response = scram.last(Buffer.from(textOf(challenge), 'base64')).toString('base64');
  connection.send(`<response xmlns='${SASL2}'>${response}</response>`);
  const outcome = await connection.element();
  if (outcome.name === 'failure') return outcome;
  const final = Buffer.from(dataOf(outcome), 'base64').toString();
  if (final !== scram.serverFinal) throw new TypeError('the server does not know the password');
  return outcome;
}

/** A new stream, logged in. @returns what came of it */
export async function logIn(
  server: TestServer,
  user: User,
  login: Omit<Sasl2Login, 'local'> = {},
  options: ConnectOptions = {},
): Promise<{ connection: Connection; outcome: Element }> {
  const { connection } = await secured(server, options);
  const password = login.token === undefined ? { password: user.password } : {};
  const outcome = await authenticate(connection, { local: user.local, ...password, ...login });
  return { connection, outcome };
}

/** The token that a success brought. */
export function tokenIn(success: Element): string | undefined {
  return childOf(success, 'token', FAST)?.attrs['token'];
}

export function identifierOf(success: Element): string {
  return textOf(childOf(success, 'authorization-identifier', SASL2));
}

/** The condition of a SASL2 failure. */
export function failureIn(outcome: Element): string | undefined {
  if (outcome.name !== 'failure') return undefined;
  const condition = outcome.children.find(
    (child): child is Element =>
      typeof child !== 'string' && child.ns === 'urn:ietf:params:xml:ns:xmpp-sasl',
  );
  return condition?.name;
}

export function tokenProof(local: string, token: string, channel: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${local}\0`), hmac(token, 'Initiator', channel)]);
}

/** What a token's mechanism takes in of this connection. */
export function channelOf(connection: Connection, mechanism: string): Buffer {
  if (mechanism.endsWith('EXPR')) {
    const nothing = Buffer.alloc(0);
    return connection.tls.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', nothing);
  }
  if (!mechanism.endsWith('ENDP')) return Buffer.alloc(0);
  const { raw } = connection.tls.getPeerX509Certificate() as X509Certificate;
  return createHash('sha256').update(raw).digest();
}

function hmac(token: string, who: string, channel: Buffer): Buffer {
  return createHmac('sha256', token).update(who).update(channel).digest();
}

function dataOf(outcome: Element): string {
  const data = childOf(outcome, 'additional-data', SASL2);
  return data === undefined ? '' : textOf(data);
}
