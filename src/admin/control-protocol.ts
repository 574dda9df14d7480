// The control socket's language: one JSON object a line, requests answered by number.
import { OperatorError } from '../util/errors.ts';

/** A line, either way, without its end. Commands page their lists to stay below it. */
export const MAX_FRAME_BYTES = 65_536;

export interface ControlRequest {
  readonly id: number;
  readonly command: string;
  readonly args: unknown;
}

export type ControlResponse =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | {
      readonly id: number;
      readonly ok: false;
      readonly error: { readonly code: string; readonly message: string; readonly hint: string };
    };

const LINE_FEED = 0x0a;

/** Cuts what arrives into lines. Bounded: keeps at most one frame. */
export class LineReader {
  #kept: Buffer[] = [];
  #keptBytes = 0;

  /** @returns the lines that are complete now. @throws OperatorError `control-frame` for a line beyond the limit */
  push(chunk: Buffer): readonly string[] {
    const lines: string[] = [];
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, from);
      const part = chunk.subarray(from, end === -1 ? chunk.length : end);
      if (this.#keptBytes + part.length > MAX_FRAME_BYTES) throw frameError('a line is too long');
      this.#kept.push(part);
      this.#keptBytes += part.length;
      if (end === -1) return lines;
      lines.push(Buffer.concat(this.#kept).toString('utf8'));
      this.#kept = [];
      this.#keptBytes = 0;
      from = end + 1;
    }
  }
}

/** @throws OperatorError `control-frame` when it would be beyond the limit */
export function encodeFrame(frame: ControlRequest | ControlResponse): string {
  const line = `${JSON.stringify(frame)}\n`;
  if (Buffer.byteLength(line) > MAX_FRAME_BYTES + 1) throw frameError('it is too long');
  return line;
}

/** @throws OperatorError `control-frame` */
export function decodeRequest(line: string): ControlRequest {
  const value = parseObject(line);
  const { id, command, args } = value;
  if (typeof id !== 'number' || typeof command !== 'string') throw frameError('it has no command');
  return { id, command, args: args ?? {} };
}

/** @throws OperatorError `control-frame` */
export function decodeResponse(line: string): ControlResponse {
  const { id, ok, result, error } = parseObject(line);
  if (typeof id !== 'number') throw frameError('it has no number');
  if (ok === true) return { id, ok, result };
  if (!isRecord(error)) throw frameError('it is neither a result nor an error');
  const { code, message, hint } = error;
  return {
    id,
    ok: false,
    error: { code: asText(code), message: asText(message), hint: asText(hint) },
  };
}

function parseObject(line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw frameError('it is not JSON', error);
  }
  if (!isRecord(value)) throw frameError('it is not an object');
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function frameError(reason: string, cause?: unknown): OperatorError {
  return new OperatorError(
    'control-frame',
    `a frame on the control socket cannot be used: ${reason}`,
    'Something else than xmppd speaks on the socket, or the versions of server and command line differ.',
    { cause },
  );
}
