// Messages of one account that are not proven to have arrived: who holds each, and whether anybody ever did.

/** Twice the number of sessions that hold it, plus one if any session was ever given it. */
type State = number;

const SEEN = 1;
const HOLDER = 2;

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
    (this.states ??= new Map<number, State>()).set(id, holders * HOLDER + (seen ? SEEN : 0));
  }

  /** Some that are older than others which are followed. @param ids not followed yet */
  addOlder(ids: readonly number[], seen: boolean): void {
    const states = [...(this.states ?? [])];
    for (const id of ids) states.push([id, seen ? SEEN : 0]);
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
    if (state !== undefined) this.states?.set(id, state | SEEN);
  }

  /** A session that held it is gone. @returns true: nobody holds it now */
  lose(id: number): boolean {
    const state = this.states?.get(id);
    if (state === undefined) return false;
    const left = state >= HOLDER ? state - HOLDER : state;
    this.states?.set(id, left);
    return left < HOLDER;
  }

  /** @returns false: it was not followed */
  remove(id: number): boolean {
    return this.states?.delete(id) === true;
  }

  /** What nobody holds. @param seen whether some session may have seen it; undefined: either */
  free(seen?: boolean): number[] {
    const ids: number[] = [];
    for (const [id, state] of this.states ?? []) {
      if (state < HOLDER && (seen === undefined || (state & SEEN) === (seen ? SEEN : 0)))
        ids.push(id);
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
