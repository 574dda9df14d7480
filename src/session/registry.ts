// The sessions of this worker, by number and by resumption token.
import type { Session } from './session.ts';

export class SessionRegistry {
  private readonly byId = new Map<number, Session>();
  private readonly byToken = new Map<string, Session>();
  private lastId: number;

  /** @param epoch of this process: numbers of an earlier process of the slot never come again */
  constructor(epoch = 0) {
    this.lastId = (epoch % 2 ** 20) * 2 ** 32;
  }

  /** A number that no session of this process had. */
  nextId(): number {
    return ++this.lastId;
  }

  add(session: Session): void {
    this.byId.set(session.id, session);
  }

  /** To be called when a session becomes resumable. */
  name(token: string, session: Session): void {
    this.byToken.set(token, session);
  }

  get(id: number): Session | undefined {
    return this.byId.get(id);
  }

  find(token: string): Session | undefined {
    return this.byToken.get(token);
  }

  remove(session: Session): void {
    this.byId.delete(session.id);
    const token = session.management?.token ?? '';
    if (token !== '') this.byToken.delete(token);
  }

  get size(): number {
    return this.byId.size;
  }

  all(): Iterable<Session> {
    return this.byId.values();
  }
}
