// What the archive tells whoever follows the receipt of messages (offline/), without knowing it.
import type { ModuleHost } from '../host/module.ts';
import type { SessionView, Slot } from '../host/views.ts';

/** Follows, for one account, which incoming archived messages have reached it. */
export interface Custody {
  /** Everything incoming up to this id is proven, or no longer followed. */
  readonly provenUpTo: number;
  /** These are about to be given to a session in a page of the archive; their references come back with its proofs. */
  given(session: SessionView, ids: readonly number[]): void;
}

/** Nobody follows. */
const NO_CUSTODY: Custody = { provenUpTo: Infinity, given: () => undefined };

export function custodySlot(host: ModuleHost): Slot<Custody> {
  return host.accountSlot<Custody>(() => NO_CUSTODY, 'archive.custody');
}

/** True in a session that has asked its archive for messages: it need not be given what it can find there. */
export function askedSlot(host: ModuleHost): Slot<boolean> {
  return host.sessionSlot<boolean>(() => false, 'archive.asked');
}
