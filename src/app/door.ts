// From a logged-in stream to a session: binding at the account's owner, resuming by token.
import type { Accounts } from '../account/accounts.ts';
import { LocalHome } from '../account/local-home.ts';
import type { BindOutcome, ResumeOutcome, SessionDoor } from '../c2s/c2s-parts.ts';
import type { Jid } from '../protocol/jid.ts';
import type { SessionRegistry } from '../session/registry.ts';
import { Session, type SessionParts, type SessionStream } from '../session/session.ts';
import type { EndReason, SessionPort } from '../session/session-port.ts';
import type { Random } from '../util/clock.ts';
import type { Bytes } from '../xml/bytes.ts';

export interface DoorParts {
  readonly accounts: Accounts;
  readonly sessions: SessionRegistry;
  readonly random: Random;
  readonly worker: number;
  readonly session: SessionParts;
}

/** Stands for a session that the owner already knows and this worker has not made yet. */
class PendingPort implements SessionPort {
  session: Session | undefined;

  deliver(stanza: Bytes, reference: number): void {
    this.session?.deliver(stanza, reference);
  }

  end(reason: EndReason): void {
    this.session?.end(reason);
  }
}

export class Door implements SessionDoor {
  private readonly parts: DoorParts;

  constructor(parts: DoorParts) {
    this.parts = parts;
  }

  bind(account: Jid, resource: string | undefined, stream: SessionStream, done: (outcome: BindOutcome) => void): void {
    const { accounts, sessions, worker } = this.parts;
    const id = sessions.nextId();
    const port = new PendingPort();
    accounts.attach({ jid: account, resource, id, worker, port }, (result) => {
      if (result.refused !== undefined) {
        done(result);
        return;
      }
      const home = new LocalHome(accounts, result.account, result.session);
      const session = new Session(id, result.session.jid, home, stream, this.parts.session);
      port.session = session;
      sessions.add(session);
      done({ session });
    });
  }

  resume(account: Jid, token: string, done: (outcome: ResumeOutcome) => void): void {
    const session = this.parts.sessions.find(token);
    // XEP-0198 §8: a token of somebody else's session is as good as none.
    if (session === undefined || session.jid.bare !== account.bare) done({ refused: 'item-not-found' });
    else done({ session });
  }

  token(session: Session): string {
    const token = this.parts.random.id();
    this.parts.sessions.name(token, session);
    return token;
  }
}
