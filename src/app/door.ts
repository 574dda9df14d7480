// From a logged-in stream to a session: binding at the account's owner, resuming by token, here or on another worker.
import type { Accounts } from '../account/accounts.ts';
import { LocalHome } from '../account/local-home.ts';
import type { SessionKeeper } from '../account/session-keeper.ts';
import type { SessionRef } from '../account/session-ref.ts';
import type { StoredState } from '../account/stored-sessions.ts';
import type { BindExtras, BindOutcome, ResumeOutcome, SessionDoor } from '../c2s/c2s-parts.ts';
import type { Placement } from '../placement/placement.ts';
import { makeJid, parseJid, type Jid } from '../protocol/jid.ts';
import type { Crossing } from '../router/crossing.ts';
import type { Moved } from '../router/handover.ts';
import type { SessionRegistry } from '../session/registry.ts';
import { Session, type SessionParts } from '../session/session.ts';
import type { SessionHome } from '../session/session-home.ts';
import type { EndReason, SessionPort } from '../session/session-port.ts';
import type { SessionStream } from '../session/session-stream.ts';
import type { SessionSnapshot } from '../session/snapshot.ts';
import type { Random } from '../util/clock.ts';
import { InvariantError } from '../util/errors.ts';
import { utf8, type Bytes } from '../xml/bytes.ts';

export interface DoorParts {
  readonly accounts: Accounts;
  readonly keeper: SessionKeeper;
  readonly sessions: SessionRegistry;
  readonly placement: Placement;
  readonly crossing: Crossing;
  readonly random: Random;
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
  private isClosed = false;

  constructor(parts: DoorParts) {
    this.parts = parts;
  }

  bind(
    account: Jid,
    resource: string | undefined,
    stream: SessionStream,
    extras: BindExtras,
    done: (outcome: BindOutcome) => void,
  ): void {
    const { accounts, keeper, sessions, placement, crossing } = this.parts;
    const id = sessions.nextId();
    const owner = placement.locate(account.bare);
    if (owner !== 'here') {
      crossing.binding.ask(owner, account, resource, id, extras, (result) => {
        if ('refused' in result) done(result);
        else {
          const session = this.make(id, result.jid, crossing.homeFor(owner), stream);
          done({ session, inline: result.inline });
        }
      });
      return;
    }
    const port = new PendingPort();
    const request = { jid: account, resource, id, worker: placement.self, port, ...extras };
    accounts.attach(request, (result) => {
      if (result.refused !== undefined) {
        done(result);
        return;
      }
      const home = new LocalHome(accounts, keeper, result.account, result.session);
      port.session = this.make(id, result.session.jid, home, stream);
      const { inline } = result;
      done({ session: port.session, ...(inline === undefined ? {} : { inline }) });
    });
  }

  resume(account: Jid, token: string, h: number, done: (outcome: ResumeOutcome) => void): void {
    const { sessions, placement, crossing } = this.parts;
    const session = sessions.find(token);
    if (session !== undefined) {
      // XEP-0198 §8: a token of somebody else's session is as good as none.
      const { management } = session;
      if (session.jid.bare !== account.bare) done({ refused: 'item-not-found' });
      else if (management?.covers(h) === false)
        done({ refused: 'too-high', sent: management.sentCount });
      else done({ session });
      return;
    }
    if (placement.workers === 1) {
      done({ refused: 'item-not-found' });
      return;
    }
    const id = sessions.nextId();
    const owner = placement.locate(account.bare);
    const moved = (moved: Moved, home: SessionHome | undefined): void => {
      if (moved.tooHigh !== undefined) done({ refused: 'too-high', sent: moved.tooHigh });
      else if (moved.snapshot === undefined || home === undefined)
        done({ refused: 'item-not-found' });
      else done({ session: this.revive(id, home, moved.snapshot) });
    };
    if (owner !== 'here') {
      crossing.handover.resume(owner, account, utf8(token), id, h, (result, presence) =>
        moved(result, crossing.homeFor(owner, presence)),
      );
      return;
    }
    const ref = this.parts.accounts.byToken(account.bare, token);
    crossing.handover.move(account, token, placement.self, id, h, (result) => {
      moved(result, ref === undefined ? undefined : this.ownHome(account, ref));
    });
  }

  /** No session of another worker is taken any more: this one is leaving too. */
  close(): void {
    this.isClosed = true;
  }

  /** Takes a session whose worker is leaving to this worker, which owns its account: it hibernates here. */
  adopt(account: Jid, token: string, done: () => void): void {
    const ref = this.parts.accounts.byToken(account.bare, token);
    if (this.isClosed || ref === undefined) {
      done();
      return;
    }
    const { sessions, placement, crossing } = this.parts;
    const id = sessions.nextId();
    crossing.handover.move(account, token, placement.self, id, undefined, ({ snapshot }) => {
      const home = this.ownHome(account, ref);
      if (snapshot !== undefined && home !== undefined) this.revive(id, home, snapshot);
      done();
    });
  }

  token(session: Session): string {
    const token = this.parts.random.id();
    this.parts.sessions.name(token, session);
    return token;
  }

  /** A session of the last run; done before the ports open. @returns false: it could not be, or not beside a newer one */
  restore(local: string, domain: string, state: StoredState): Promise<boolean> {
    const { accounts, keeper, sessions, placement } = this.parts;
    const account = makeJid(local, domain, '');
    const id = sessions.nextId();
    const port = new PendingPort();
    const { resource } = parseJid(state.snapshot.jid);
    const request = { jid: account, resource, id, worker: placement.self, port, yields: true };
    return new Promise((resolve, reject) => {
      accounts.attach(request, (result) => {
        if (result.refused !== undefined) {
          resolve(false);
          return;
        }
        const { account: owner, session } = result;
        try {
          keeper.restore(owner, session, state);
          const home = new LocalHome(accounts, keeper, owner, session);
          port.session = this.revive(id, home, state.snapshot);
          resolve(true);
        } catch (error) {
          owner.remove(session, false);
          reject(error instanceof Error ? error : new InvariantError(String(error)));
        }
      });
    });
  }

  private ownHome(account: Jid, ref: SessionRef): SessionHome | undefined {
    const owner = this.parts.accounts.cache.peek(account.bare);
    return owner === undefined
      ? undefined
      : new LocalHome(this.parts.accounts, this.parts.keeper, owner, ref);
  }

  private revive(id: number, home: SessionHome, snapshot: SessionSnapshot): Session {
    const session = this.make(id, parseJid(snapshot.jid), home, undefined);
    session.restore(snapshot);
    this.parts.sessions.name(snapshot.token, session);
    if (home instanceof LocalHome) home.adopt(session);
    return session;
  }

  private make(
    id: number,
    jid: Jid,
    home: SessionHome,
    stream: SessionStream | undefined,
  ): Session {
    const session = new Session(id, jid, home, stream, this.parts.session);
    this.parts.sessions.add(session);
    return session;
  }
}
