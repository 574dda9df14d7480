// What a session has of its connection.
import type { Bytes } from '../xml/bytes.ts';
import type { EndReason } from './session-port.ts';

/** The connection side of a session. */
export interface SessionStream {
  write(bytes: Bytes): void;
  /** Ends the stream with an error; the session is told by `disconnected` or has already let go of the stream. */
  fail(reason: EndReason): void;
  /** Cuts the connection without a word, so that the client may resume. */
  cut(): void;
  /** Its peer has to read first; the session is told by `relieved`. */
  readonly crowded: boolean;
}
