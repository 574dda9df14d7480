// Connections open for each client address, so that one address cannot take them all.

/**
 * What is counted as one address: an IPv4 address, also when written as IPv6, or the /64 of an IPv6 address, which is
 * what one customer has.
 */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [bare = ''] = address.split('%');
  const [head = '', tail] = bare.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    while (groups.length + after.length < 8) groups.push('0');
    groups.push(...after);
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}

/** Counts by address. An address without connections takes no memory. */
export class AddressCounts {
  readonly #counts = new Map<string, number>();

  get(address: string): number {
    return this.#counts.get(address) ?? 0;
  }

  add(address: string, count: number): void {
    const now = this.get(address) + count;
    if (now > 0) this.#counts.set(address, now);
    else this.#counts.delete(address);
  }

  entries(): Iterable<[string, number]> {
    return this.#counts.entries();
  }

  clear(): void {
    this.#counts.clear();
  }
}
