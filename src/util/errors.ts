// The error family for people who run the server. Stanza and stream errors live in protocol/.

/** Something an operator can mend. `code` is stable and has a line in docs/reference/errors.md; `hint` says what to do. */
export class OperatorError extends Error {
  readonly code: string;
  readonly hint: string;
  override readonly name = 'OperatorError';

  constructor(code: string, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}

/** A rule of the house was broken by the house itself: always a bug. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}
