export const FRAMES: readonly string[];
export interface Library {
  readonly Tokenizer: unknown;
  readonly XmlContext: unknown;
  readonly render: unknown;
  readonly element: unknown;
  readonly readStanza: unknown;
  readonly limits: unknown;
}
export function check(
  lib: Library,
  bytes: Buffer,
  how: {
    readonly frames?: readonly string[];
    readonly splits: readonly (readonly number[])[];
    readonly contexts: readonly unknown[];
  },
): { accepted: boolean; stanzas: number };
