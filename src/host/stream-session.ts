// What modules see of a session on the worker that has its connection: the elements beside stanzas, and the way out.
import type { Jid } from '../protocol/jid.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { BacklogItem, Reference } from './views.ts';

/**
 * Stands before a session's outgoing queue, and so before the numbers of XEP-0198: what it holds back has none yet.
 * It may hold back what nobody was promised (reference 0), and nothing else. It is bounded by itself.
 */
export interface Screen {
  /** @returns what leaves now, in order; what is not in it is held back, or dropped */
  take(stanza: Bytes, reference: Reference): readonly BacklogItem[];
  /** @returns all that was held back, in order; nothing is left */
  release(): readonly BacklogItem[];
}

export interface StreamSession {
  readonly jid: Jid;
  readonly screen: Screen | undefined;
  /** Puts a screen up; undefined takes it down, and what it held leaves at once. A resumed session has none (XEP-0352 §5.2). */
  setScreen(screen: Screen | undefined): void;
}

/**
 * An element of a module's namespace that a client sends on a bound stream, and that is no stanza.
 * @throws StreamError
 */
export type ElementHandler = (session: StreamSession, element: Stanza) => void;
