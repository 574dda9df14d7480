// How a session finds its account's owner.
import type { Jid } from '../protocol/jid.ts';
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
}

export type Attached =
  | {
      readonly account: Account;
      readonly session: SessionRef;
      /** It was attached before: an announcement, or a request that came again. */
      readonly known?: boolean;
      readonly refused?: undefined;
    }
  /** RFC 6120 §7.7.2, §7.6.2.1; `no-such-account`: removed since it logged in. */
  | { readonly refused: 'conflict' | 'resource-constraint' | 'no-such-account' };
