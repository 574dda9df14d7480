// A request as its handler sees it.
import type { Jid } from '../protocol/jid.ts';
import type { StanzaError } from '../protocol/stanza-error.ts';
import type { StatementId, Value } from '../storage/storage.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Element } from '../xml/element.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { AccountView, Reference, SessionView } from './views.ts';

export interface IqRequest {
  readonly stanza: Stanza;
  readonly type: 'get' | 'set';
  readonly payload: Element;
  readonly from: Jid;
  /** The address as sent; for an iq without `to`, the sender's bare JID (RFC 6120 §10.3.3). */
  readonly to: Jid;
  /** The account asked (target account), else undefined. */
  readonly account: AccountView | undefined;
  /** Sender and account asked are one: the owner's own session asks. */
  readonly own: boolean;
  /** The sender's session, when it is a session of this worker's account. */
  readonly session: SessionView | undefined;
  /** What is answered where there is no such account, or nobody answers such requests (RFC 6121 §8.5.1). */
  unknown(): StanzaError;
  /** A row of this request's unit: answer and pushes leave after its commit, an error is answered if it fails. */
  write(statement: StatementId, ...params: Value[]): void;
  /** A complete stanza for a session of the account, after the commit. */
  push(session: SessionView, stanza: Bytes): void;
  /** A complete stanza for the requester, before the answer (archive results). */
  before(stanza: Bytes, reference?: Reference): void;
  /** Runs after the commit: where memory follows the disk. Never runs if the unit fails. */
  committed(run: () => void): void;
}
