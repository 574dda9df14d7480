// Messages from one sender to one account that wait for the answer to a question a rule has asked (Stop.later).
// Only that sender's lane to that account waits, and in it nothing overtakes.
import type { Jid } from '../protocol/jid.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import { Deque } from '../util/deque.ts';
import type { Account } from './account.ts';

/** A message that waits. */
export interface Waiting {
  /** Runs all rules. @returns what it must wait for now; undefined: done with */
  run(): Promise<unknown> | undefined;
  refuse(error: StanzaError): void;
  /** Called once, when it was run to its end or refused. */
  over(): void;
}

/** So many wait in one lane; further ones are refused. */
const MAX_WAITING = 2000;

export class Lanes {
  private readonly lanes = new Map<string, Deque<Waiting>>();

  /** Something of this sender waits, so what it sends now must join. */
  waits(account: Account, from: Jid): boolean {
    return this.lanes.size > 0 && this.lanes.has(keyOf(account, from));
  }

  /** @param until what the message waits for if it is the first of its lane, else undefined */
  add(account: Account, from: Jid, until: Promise<unknown> | undefined, message: Waiting): void {
    const key = keyOf(account, from);
    let lane = this.lanes.get(key);
    if (lane === undefined) this.lanes.set(key, (lane = new Deque()));
    if (lane.length >= MAX_WAITING) {
      message.refuse(new StanzaError('resource-constraint', 'wait'));
      message.over();
      return;
    }
    lane.push(message);
    if (until !== undefined) this.wait(key, lane, until);
  }

  private wait(key: string, lane: Deque<Waiting>, until: Promise<unknown>): void {
    until.then(
      () => {
        this.advance(key, lane);
      },
      () => {
        // Nobody can say whether it is there already; its sender may try again.
        const head = lane.shift();
        head?.refuse(new StanzaError('resource-constraint', 'wait'));
        head?.over();
        this.advance(key, lane);
      },
    );
  }

  private advance(key: string, lane: Deque<Waiting>): void {
    for (let head = lane.first(); head !== undefined; head = lane.first()) {
      const later = head.run();
      if (later !== undefined) {
        this.wait(key, lane, later);
        return;
      }
      lane.shift();
      head.over();
    }
    this.lanes.delete(key);
  }
}

function keyOf(account: Account, from: Jid): string {
  return `${account.owner} ${from.bare}`;
}
