// Finds the compiled file of a thread or child-process entry, also when the caller itself runs from source under a test.

const COMPILED = import.meta.url.endsWith('.js');

/**
 * The URL of a compiled entry point.
 * @param path below src/, without extension: `storage/sqlite/writer-thread`
 */
export function entryUrl(path: string): URL {
  return new URL(COMPILED ? `../${path}.js` : `../../dist/${path}.js`, import.meta.url);
}
