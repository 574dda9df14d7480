// What an account's owner can do with a session, wherever its connection is.
import type { Reference } from '../host/views.ts';
import type { Bytes } from '../xml/bytes.ts';

/** Why an owner ends a session; each is a stream error of RFC 6120 §4.9.3. */
export type EndReason =
  | 'conflict'
  | 'not-authorized'
  | 'policy-violation'
  | 'system-shutdown'
  | 'resource-constraint'
  | 'reset'
  | 'host-gone';

/**
 * One session's receiving end. Calls are ordered; nothing is answered.
 * On loss of the worker that holds it, the owner is told by the placement, not by this port.
 */
export interface SessionPort {
  /** Appends to the outgoing queue: numbered there, kept until proved if its stream acknowledges. */
  deliver(stanza: Bytes, reference: Reference): void;
  end(reason: EndReason): void;
  /** The session has proved these. */
  proved?(references: readonly Reference[]): void;
  /**
   * References that were given and not proved, also those on their way to a session that is gone.
   * A port without it is the session itself, which names them all when it ends.
   */
  outstanding?(): readonly Reference[];
}
