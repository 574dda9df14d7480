// Which messages above an account's mark are proven, as ranges of ids: what lies between two of them may not be.

/** All incoming archived messages from the first id up to the second are proven. */
export type Range = readonly [from: number, upTo: number];

/** So many ranges are remembered. Beyond it the lowest are given once more after a restart, rather than any forgotten. */
const MAX_RANGES = 256;

/** What may be unproven: neighbours in the list of ranges are one if nothing of it is between them. */
export interface Open {
  /** Ascending. */
  readonly ids: readonly number[];
  /** Nobody knows what is in here. */
  readonly unread: Range | undefined;
}

export class ProvenAbove {
  private list: Range[] = [];

  get ranges(): readonly Range[] {
    return this.list;
  }

  load(ranges: readonly Range[]): void {
    this.list = [...ranges];
  }

  add(id: number): void {
    this.list.push([id, id]);
  }

  has(id: number): boolean {
    return this.list.some(([from, upTo]) => from <= id && id <= upTo);
  }

  /** The mark has moved up to there. */
  dropUpTo(id: number): void {
    if (this.list.length > 0) this.list = this.list.filter(([, upTo]) => upTo > id);
  }

  /** There are so many that `merge` is due. */
  get crowded(): boolean {
    return this.list.length > MAX_RANGES * 2;
  }

  merge({ ids, unread }: Open): void {
    this.list.sort((a, b) => a[0] - b[0]);
    const merged: Range[] = [];
    let at = 0;
    for (const [from, upTo] of this.list) {
      const last = merged.at(-1);
      while (at < ids.length && ids[at]! <= (last?.[1] ?? 0)) at++;
      const isOpen =
        last === undefined ||
        (ids[at] ?? Infinity) < from ||
        (unread !== undefined && unread[0] < from && unread[1] > last[1]);
      if (isOpen) merged.push([from, upTo]);
      else merged[merged.length - 1] = [last[0], Math.max(last[1], upTo)];
    }
    this.list = merged.slice(-MAX_RANGES);
  }
}
