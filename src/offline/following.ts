// Messages of one account that are not proven to have arrived: who holds each, and whether anybody ever did.

/** Four times the number of sessions that hold it, and the two flags. */
type State = number;

/** A session has been given it. */
const GIVEN = 1;
/** A session that is gone may have seen it. */
const SEEN = 2;
const HOLDER = 4;

/** Ids in ascending order, as long as they are added in ascending order. */
export class Following {
  private states: Map<number, State> | undefined = undefined;

  get size(): number {
    return this.states === undefined ? 0 : this.states.size;
  }

  /** The lowest id, undefined if there is none. */
  get first(): number | undefined {
    return this.states === undefined ? undefined : this.states.keys().next().value;
  }

  has(id: number): boolean {
    return this.states?.has(id) === true;
  }

  /** @param holders sessions that are being given it */
  add(id: number, holders: number, seen: boolean): void {
    (this.states ??= new Map<number, State>()).set(id, holders * HOLDER + flags(holders, seen));
  }

  /** Some that are older than others which are followed. @param ids not followed yet */
  addOlder(ids: readonly number[], seen: boolean): void {
    const states = [...(this.states ?? [])];
    for (const id of ids) states.push([id, flags(0, seen)]);
    this.states = new Map(states.sort(([a], [b]) => a - b));
  }

  /** Another session is to be given it. @returns false: it is not followed */
  hold(id: number): boolean {
    const state = this.states?.get(id);
    if (state === undefined) return false;
    this.states?.set(id, state + HOLDER);
    return true;
  }

  /** It is being given to a session. */
  see(id: number): void {
    const state = this.states?.get(id);
    if (state !== undefined) this.states?.set(id, state | GIVEN);
  }

  /** A session that held it is gone. @param isUnseen its client cannot have seen it. @returns true: nobody holds it now */
  lose(id: number, isUnseen: boolean): boolean {
    const state = this.states?.get(id);
    if (state === undefined) return false;
    let left = state >= HOLDER ? state - HOLDER : state;
    if (!isUnseen && (left & GIVEN) !== 0) left |= SEEN;
    const isFree = left < HOLDER;
    // Whoever was given it is gone, and none of them can have seen it: it is as new.
    if (isFree && (left & SEEN) === 0) left = 0;
    this.states?.set(id, left);
    return isFree;
  }

  /** @returns false: it was not followed */
  remove(id: number): boolean {
    return this.states?.delete(id) === true;
  }

  /** What nobody holds. @param seen whether some session may have seen it; undefined: either */
  free(seen?: boolean): number[] {
    const ids: number[] = [];
    for (const [id, state] of this.states ?? []) {
      if (state < HOLDER && (seen === undefined || ((state & GIVEN) !== 0) === seen)) ids.push(id);
    }
    return ids;
  }

  ids(): Iterable<number> {
    return this.states?.keys() ?? [];
  }

  /** Gives memory back when there is nothing. */
  compact(): void {
    if (this.states?.size === 0) this.states = undefined;
  }
}

/** What no session holds and one was given before may have been seen by it. */
function flags(holders: number, given: boolean): State {
  if (!given) return 0;
  return holders === 0 ? GIVEN | SEEN : GIVEN;
}
