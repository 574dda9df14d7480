// What the reader and the writer of XML refuse. The stream layer turns XmlError into the stream error of the same name.

/** The stream errors that malformed or forbidden input earns (RFC 6120 §4.9.3). */
export type XmlCondition =
  | 'not-well-formed'
  | 'restricted-xml'
  | 'invalid-xml'
  | 'unsupported-encoding'
  | 'bad-namespace-prefix'
  | 'invalid-namespace'
  | 'policy-violation';

/** Input that ends the stream. `condition` is the stream error's name, `text` is for people and quotes no input. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
  readonly condition: XmlCondition;
  readonly text: string;

  constructor(condition: XmlCondition, text: string) {
    super(`${condition}: ${text}`);
    this.condition = condition;
    this.text = text;
  }
}

/** Somebody asked the writer for what cannot be written as XML (a control character, a bad name, an unbound prefix). */
export class XmlWriteError extends Error {
  override readonly name = 'XmlWriteError';
}

/** @throws XmlError always; a function of its own so that the reader's loops stay small. */
export function fail(condition: XmlCondition, text: string): never {
  throw new XmlError(condition, text);
}
