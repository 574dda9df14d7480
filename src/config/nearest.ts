// "Did you mean": the nearest of the right names to what was written.

/** Case, dashes and underscores are the commonest way to miss a name: `max_stanza_bytes`. */
function loose(name: string): string {
  return name.toLowerCase().replaceAll(/[-_\s.]/g, '');
}

/** Whether two names differ in case and separators only. */
export function sameName(one: string, other: string): boolean {
  return loose(one) === loose(other);
}

/** Changes of one letter (or swaps of two neighbours) from one word to the other. */
export function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let least = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (row > 1 && column > 1 && swapped) least = Math.min(least, (before[column - 2] ?? 0) + 1);
      current.push(least);
    }
    before = previous;
    previous = current;
  }
  return previous[to.length] ?? 0;
}

/** @returns the name that was most likely meant; undefined when none is near enough to be worth saying */
export function nearest(written: string, names: Iterable<string>): string | undefined {
  const wanted = loose(written).slice(0, 64);
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const name of names) {
    const distance = editDistance(wanted, loose(name));
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}
