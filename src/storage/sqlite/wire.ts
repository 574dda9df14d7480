// What a Storage and the writer say to each other, over a thread's port or a Unix socket: whole frames, first byte the
// kind. Batches carry numbers that grow by one, so that after a crash nothing is applied twice.
import { PackedReader, PackedWriter } from '../packed.ts';
import type { FailureCode, Migration, StatementDef, StorageState } from '../storage.ts';
import type { LogLine } from './line-log.ts';

/** Frames of another version are refused: store and workers come from one installation. */
export const WIRE_VERSION = 1;

/** Larger than a full batch of the largest units; a longer frame means that the peer is not ours. */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024;

export const FRAME_HELLO = 1;
export const FRAME_BATCH = 2;
export const FRAME_BYE = 3;
export const FRAME_WELCOME = 4;
export const FRAME_REFUSED = 5;
export const FRAME_DONE = 6;
export const FRAME_LOG = 7;

/** Bytes of a batch frame before its units: kind, number, acknowledged number, count. */
export const BATCH_HEADER_BYTES = 1 + 8 + 8 + 4;

/** Set in the length of a unit that only frees space. */
export const FREES_BIT = 0x80000000;

/** The first frame of a client. */
export interface Hello {
  readonly version: number;
  readonly worker: number;
  /** Grows with each process of the worker: an older one is refused. */
  readonly incarnation: number;
  /** Names one Storage object: batch numbers mean something within it only. */
  readonly nonce: string;
  readonly migrations: readonly Migration[];
  readonly writes: readonly StatementDef[];
}

/** A failed unit: the batch it came in and its place there. */
export interface UnitFailure {
  readonly batch: number;
  readonly index: number;
  readonly code: FailureCode;
  readonly message: string;
}

/** The answer to a hello: what of this Storage is on disk already. */
export interface Welcome {
  /** Every batch up to this number is on disk; 0 for a new Storage. */
  readonly done: number;
  readonly failures: readonly UnitFailure[];
  readonly state: StorageState;
}

/** The answer to a hello that cannot be served; the fields of an OperatorError. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Figures of the writer that every answer carries. */
export interface WriterFigures {
  commitMs: number;
  busyMs: number;
  walBytes: number;
  lastCheckpointMs: number;
  maxCheckpointMs: number;
  resets: number;
  maxResetMs: number;
}

/** The answer to batches: all up to `done` are on disk, or their units are among `failures`. */
export interface Done {
  readonly done: number;
  readonly state: StorageState;
  readonly figures: WriterFigures;
  readonly failures: readonly UnitFailure[];
}

export function encodeJson(kind: number, body: Hello | Welcome | Refusal | LogLine): Buffer {
  const json = JSON.stringify(body);
  const frame = Buffer.allocUnsafeSlow(1 + Buffer.byteLength(json));
  frame[0] = kind;
  frame.write(json, 1);
  return frame;
}

/** The body of a hello, welcome or refusal; the kind says which. */
export function decodeJson(frame: Buffer): unknown {
  return JSON.parse(frame.toString('utf8', 1));
}

export function encodeDone(done: Done): Buffer {
  const out = new PackedWriter(MAX_FRAME_BYTES);
  const { figures, failures } = done;
  out.u8(FRAME_DONE);
  out.double(done.done);
  out.u8(done.state === 'ok' ? 0 : 1);
  out.double(figures.commitMs).double(figures.busyMs).double(figures.walBytes);
  out.double(figures.lastCheckpointMs).double(figures.maxCheckpointMs);
  out.double(figures.resets).double(figures.maxResetMs);
  out.u32(failures.length);
  for (const failure of failures) {
    out.int(failure.batch).int(failure.index).text(failure.code).text(failure.message);
  }
  return out.take();
}

export function decodeDone(frame: Buffer): Done {
  const input = new PackedReader();
  input.reset(frame, 1);
  const done = input.double();
  const state = input.u8() === 0 ? 'ok' : 'failing';
  const figures: WriterFigures = {
    commitMs: input.double(),
    busyMs: input.double(),
    walBytes: input.double(),
    lastCheckpointMs: input.double(),
    maxCheckpointMs: input.double(),
    resets: input.double(),
    maxResetMs: input.double(),
  };
  const failures: UnitFailure[] = [];
  for (let left = input.u32(); left > 0; left--) {
    failures.push({
      batch: input.value('view') as number,
      index: input.value('view') as number,
      code: input.value('view') as FailureCode,
      message: input.value('view') as string,
    });
  }
  return { done, state, figures, failures };
}
