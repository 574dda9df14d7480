// An iq before log-in, for the modules that take one (XEP-0077 §3.1.1).
import type { EarlyAnswerer, EarlyRequest } from '../host/before-login.ts';
import type { Element } from '../xml/element.ts';
import { NS } from '../protocol/namespaces.ts';
import { errorContent, StanzaError } from '../protocol/stanza-error.ts';
import { StreamError } from '../protocol/stream-error.ts';
import type { Log } from '../util/log.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import { escapeAttr } from '../xml/writer.ts';

/** What answering needs of the stream. */
export interface EarlyStream {
  readonly domain: string;
  readonly peerAddress: string;
  readonly stream: object;
  write(bytes: Bytes): void;
  hold(): void;
  release(): void;
}

export type FindAnswerer = (ns: string, name: string) => EarlyAnswerer | undefined;

/**
 * Answers a stanza that came before the log-in.
 * @param prepare the address asked, prepared; undefined if it is none
 * @throws StreamError not-authorized for everything that no module takes
 */
export function answerEarly(
  stanza: Stanza,
  to: EarlyStream,
  find: FindAnswerer,
  prepare: (address: string) => string | undefined,
  log: Log,
): void {
  const child = stanza.children.length === 1 ? stanza.children[0] : undefined;
  const isRequest =
    stanza.ns === NS.client &&
    stanza.name === 'iq' &&
    stanza.id !== undefined &&
    (stanza.type === 'get' || stanza.type === 'set');
  const answerer = child === undefined || !isRequest ? undefined : find(child.ns, child.name);
  const isForUs = stanza.to === undefined || prepare(stanza.to) === to.domain;
  if (answerer === undefined || !isForUs) {
    // RFC 6120 §4.9.3.12: stanzas need a log-in first.
    throw new StreamError('not-authorized', 'Log in first.');
  }
  const request: EarlyRequest = {
    stanza,
    type: stanza.type === 'set' ? 'set' : 'get',
    payload: stanza.firstChildElement() as Element,
    domain: to.domain,
    peerAddress: to.peerAddress,
    stream: to.stream,
  };
  const failed = (error: unknown): void => {
    if (!(error instanceof StanzaError)) {
      log.error({ err: error, ns: answerer.ns }, 'an early request failed. This is a bug.');
    }
    const told = error instanceof StanzaError ? error : new StanzaError('internal-server-error');
    to.write(`${head(stanza, to.domain, 'error')}>${errorContent(told)}</iq>` as Bytes);
  };
  const done = (content: Bytes | undefined): void => {
    const start = head(stanza, to.domain, 'result');
    to.write((content === undefined ? `${start}/>` : `${start}>${content}</iq>`) as Bytes);
  };
  try {
    const content = answerer.handler(request);
    if (!(content instanceof Promise)) {
      done(content);
      return;
    }
    // The log-in that follows must find what was asked for here.
    to.hold();
    void content.then(done, failed).finally(() => to.release());
  } catch (error) {
    failed(error);
  }
}

function head(stanza: Stanza, domain: string, type: string): string {
  return `<iq type='${type}' id='${escapeAttr(stanza.id ?? '')}' from='${escapeAttr(domain)}'`;
}
