// Where commands write, and in which form: plain text, colour on a terminal, JSON on request.
import type { Readable, Writable } from 'node:stream';
import { OperatorError } from '../util/errors.ts';

/** A stream that may be a terminal. */
export type Output = Writable & { readonly isTTY?: boolean };
export type Input = Readable & {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
};

export interface TerminalStreams {
  readonly input: Input;
  readonly output: Output;
  readonly errors: Output;
  /** NO_COLOR is set: see no-color.org. */
  readonly noColour: boolean;
}

/** Those of a process. @param process its streams and environment */
export function processStreams(
  process: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr' | 'env'>,
): TerminalStreams {
  return {
    input: process.stdin,
    output: process.stdout,
    errors: process.stderr,
    noColour: (process.env['NO_COLOR'] ?? '') !== '',
  };
}

export type Colour = 'red' | 'green' | 'yellow' | 'grey' | 'bold';

const CODES: Readonly<Record<Colour, number>> = {
  red: 31,
  green: 32,
  yellow: 33,
  grey: 90,
  bold: 1,
};

/** The voice of the command line. */
export class Terminal {
  readonly streams: TerminalStreams;
  /** `--json`: one JSON value on standard output, errors as JSON on standard error. */
  json = false;

  constructor(streams: TerminalStreams) {
    this.streams = streams;
  }

  /** A result: `value` for programs, `text` for people. */
  result(value: unknown, text: string): void {
    this.streams.output.write(`${this.json ? JSON.stringify(value) : text}\n`);
  }

  /** Something by the way, on standard error so that results can be piped. Silent with `--json`. */
  note(text: string): void {
    if (!this.json) this.streams.errors.write(`${text}\n`);
  }

  /** What ended the command. */
  error(error: unknown): void {
    this.streams.errors.write(`${this.json ? errorJson(error) : this.#errorText(error)}\n`);
  }

  paint(colour: Colour, text: string, stream: Output = this.streams.output): string {
    if (stream.isTTY !== true || this.streams.noColour) return text;
    return `\u001b[${String(CODES[colour])}m${text}\u001b[0m`;
  }

  #errorText(error: unknown): string {
    const { errors } = this.streams;
    if (error instanceof OperatorError) {
      return [
        `${this.paint('red', 'error', errors)} ${error.code}: ${error.message}`,
        this.paint('grey', error.hint, errors),
      ].join('\n');
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${this.paint('red', 'This is a bug in xmppd:', errors)} ${text}`;
  }
}

function errorJson(error: unknown): string {
  if (error instanceof OperatorError) {
    const { code, message, hint } = error;
    return JSON.stringify({ error: { code, message, hint } });
  }
  const message = error instanceof Error ? error.message : String(error);
  return JSON.stringify({ error: { code: 'bug', message, hint: '' } });
}
