// How a session finds its account's owner.
import type { Jid } from '../protocol/jid.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { SessionPort } from '../session/session-port.ts';
import type { Account } from './account.ts';
import type { SessionRef } from './session-ref.ts';

export interface AttachRequest {
  /** The account. */
  readonly jid: Jid;
  /** As the client asked, prepared; undefined: the server makes one (RFC 6120 §7.6). */
  readonly resource: string | undefined;
  /** The session's number on its worker. */
  readonly id: number;
  readonly worker: number;
  readonly port: SessionPort;
  /** It was stored by an earlier run: it gives way to a session that has the resource now. */
  readonly yields?: boolean;
  /** What stands for its device in resources: other sessions of the same device end (XEP-0386 §4.2). */
  readonly device?: string;
  /** `<bind/>` of XEP-0386, with the features that are to be enabled at once. */
  readonly inline?: Bytes;
  /** The account is made for its sessions, in memory alone (XEP-0175). */
  readonly temporary?: boolean;
}

export type Attached =
  | {
      readonly account: Account;
      readonly session: SessionRef;
      /** It was attached before: an announcement, or a request that came again. */
      readonly known?: boolean;
      /** Children of `<bound/>`. */
      readonly inline?: Bytes;
      readonly refused?: undefined;
    }
  /** RFC 6120 §7.7.2, §7.6.2.1; `no-such-account`: removed since it logged in. */
  | { readonly refused: 'conflict' | 'resource-constraint' | 'no-such-account' };
