// Requests of somebody who has not logged in (XEP-0077 §3.1.1): the few that a module takes, and their stream feature.
import type { Element } from '../xml/element.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';

export interface EarlyRequest {
  readonly stanza: Stanza;
  readonly type: 'get' | 'set';
  readonly payload: Element;
  /** The host that the stream goes to, prepared. */
  readonly domain: string;
  readonly peerAddress: string;
  /** The same object for all requests of one stream. */
  readonly stream: object;
}

/**
 * @returns the content of the result (undefined: empty), or a promise of it: the stream is not read meanwhile
 * @throws StanzaError answered as an error; anything else is a bug, answered internal-server-error
 */
export type EarlyHandler = (
  request: EarlyRequest,
) => Bytes | undefined | Promise<Bytes | undefined>;

export interface EarlyAnswerer {
  readonly ns: string;
  readonly name: string;
  /** Child of <stream:features/> before log-in. */
  readonly feature: Bytes;
  /** SECURITY: neither offered nor taken on a stream in the clear. */
  readonly needsTls: boolean;
  readonly handler: EarlyHandler;
}

export class EarlyAnswerers {
  private list: readonly EarlyAnswerer[] = [];

  /** @returns a function that takes it back */
  add(answerer: EarlyAnswerer): () => void {
    this.list = [...this.list, answerer];
    return () => {
      this.list = this.list.filter((other) => other !== answerer);
    };
  }

  find(ns: string, name: string, encrypted: boolean): EarlyAnswerer | undefined {
    return this.open(encrypted).find((one) => one.ns === ns && one.name === name);
  }

  /** Always in the same order: clients remember the features of a stream. */
  features(encrypted: boolean): Bytes {
    const features = this.open(encrypted).map((one) => one.feature);
    return features.sort().join('') as Bytes;
  }

  private open(encrypted: boolean): EarlyAnswerer[] {
    return this.list.filter((one) => encrypted || !one.needsTls);
  }
}
