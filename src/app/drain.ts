// A graceful stop: nobody is read any more, what was received is settled, sessions go to disk, streams end.
import type { Clock, Timers } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Debtor } from '../session/ledger.ts';
import type { Session } from '../session/session.ts';
import type { Worker } from './worker.ts';

const SETTLE_MS = 5000;
/** How long owners on other workers may take to fetch what is theirs. */
const OFFER_MS = 2000;
const STORE_MS = 5000;
const POLL_MS = 10;
/** Last words leave in this time. */
const FLUSH_MS = 200;

/** What is needed of a worker to stop it. */
export type Draining = Pick<Worker, 'stopReading' | 'sessions' | 'streams'>;

export interface DrainPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
}

/** Counts what was handed to the store. */
class Pending implements Debtor {
  open = 0;

  owe(): void {
    this.open++;
  }

  pay(): void {
    this.open--;
  }
}

/**
 * Owners on other workers take their sessions to themselves, where they can be resumed at once; what nobody takes (its
 * owner is this worker, or is leaving too) is stored.
 * @returns how many sessions wait on disk for their clients
 */
export async function drain(worker: Draining, ports: DrainPorts): Promise<number> {
  worker.stopReading();
  await until(ports, () => [...worker.sessions.all()].every((session) => session.quiet), SETTLE_MS);
  const pending = new Pending();
  for (const session of [...worker.sessions.all()]) offer(session, pending);
  await until(ports, () => pending.open <= 0, OFFER_MS);
  const storing = new Pending();
  const kept = [...worker.sessions.all()].filter((session) => keep(session, storing, ports.log));
  await until(ports, () => storing.open <= 0, STORE_MS);
  // XEP-0198 §5: a stream that can be resumed ends without a close tag, for a close tag says "forget it".
  for (const session of kept) session.moveAway();
  // RFC 6120 §4.9.3.20: everybody else is told.
  for (const stream of [...worker.streams]) stream.shutDown();
  await pause(ports, FLUSH_MS);
  return kept.length;
}

/** Stored sessions of this worker's accounts exist again. To be called before the ports open. */
export async function restoreSessions(
  worker: Pick<Worker, 'storage' | 'commits' | 'restore'>,
  isHere: (bare: string) => boolean,
  log: Log,
): Promise<number> {
  const { storage, commits } = worker;
  const query = storage.query('sessions.all');
  const taken = storage.statement('sessions.taken');
  let last = 0;
  let count = 0;
  for (;;) {
    const rows = await storage.read(query, [last]);
    const unit = storage.unit();
    const restored: Promise<boolean>[] = [];
    for (const [id, domain, local, blob] of rows) {
      last = id as number;
      const bare = `${local as string}@${domain as string}`;
      if (!isHere(bare)) continue;
      const restoring = worker.restore(local as string, domain as string, blob as string);
      restored.push(
        restoring.catch((error: unknown) => {
          // One that cannot be read must not keep the server from starting; its client logs in anew.
          log.error({ err: error, account: bare }, 'a stored session could not be restored');
          return false;
        }),
      );
      unit.add(taken, last);
    }
    // One page at a time: the accounts of all at once would be more reads than may wait.
    for (const isBack of await Promise.all(restored)) if (isBack) count++;
    if (!unit.empty) commits.submit(unit, 0, { settled: () => undefined }, 0);
    if (rows.length === 0) return count;
  }
}

function offer(session: Session, pending: Pending): void {
  if (session.snapshot() === undefined) return;
  const before = pending.open;
  session.owner.offer(session, pending, 0);
  // Its client comes back elsewhere; the session is given away or stored as it is now.
  if (pending.open > before) session.detach();
}

function keep(session: Session, pending: Debtor, log: Log): boolean {
  const snapshot = session.snapshot();
  if (snapshot === undefined) return false;
  try {
    session.owner.store(session, snapshot, pending, 0);
    session.seal();
    return true;
  } catch (error) {
    // Whatever it is (a full disk, a state larger than a unit may be), the others are kept all the same.
    log.error(
      { err: error, jid: session.jid.full },
      'a session could not be kept over the restart; its client logs in anew',
    );
    return false;
  }
}

async function until(ports: DrainPorts, done: () => boolean, limitMs: number): Promise<void> {
  const endMs = ports.clock.monotonicMs() + limitMs;
  while (!done() && ports.clock.monotonicMs() < endMs) await pause(ports, POLL_MS);
}

async function pause({ timers }: DrainPorts, ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    timers.after(ms, resolve);
  });
}
