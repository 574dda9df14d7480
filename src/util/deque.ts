// A first-in-first-out list on one array: shift is a moving head, paid for by an occasional slice.

/** Not a ring: empties to a zero-length array, so an idle owner keeps nothing but this object. */
export class Deque<T> {
  private items: (T | undefined)[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  push(item: T): void {
    this.items.push(item);
  }

  first(): T | undefined {
    return this.items[this.head];
  }

  at(index: number): T | undefined {
    return this.items[this.head + index];
  }

  set(index: number, item: T): void {
    this.items[this.head + index] = item;
  }

  shift(): T | undefined {
    const item = this.items[this.head];
    if (this.head === this.items.length) return undefined;
    this.items[this.head++] = undefined;
    if (this.head === this.items.length) {
      this.items = this.head > 64 ? [] : this.items;
      this.items.length = 0;
      this.head = 0;
    } else if (this.head >= 1024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  clear(): void {
    this.items = [];
    this.head = 0;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let i = this.head; i < this.items.length; i++) yield this.items[i] as T;
  }
}
