// How texts are compared where people search.

/** Case and width of letters do not matter. */
export function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}
