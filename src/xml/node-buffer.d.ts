// Buffer's direct slices: documented nowhere, there since Node 0.x, and twice as fast as toString() on short ranges.
import 'node:buffer';

declare global {
  interface Buffer<
    TArrayBuffer extends ArrayBufferLike = ArrayBufferLike,
  > extends Uint8Array<TArrayBuffer> {
    latin1Slice(start?: number, end?: number): string;
    utf8Slice(start?: number, end?: number): string;
  }
}
