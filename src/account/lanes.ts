// Messages from one sender to one account that wait for the answer to a question a rule has asked (Stop.later).
// Only that sender's lane to that account waits, and in it nothing overtakes.
import type { Jid } from '../protocol/jid.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import type { Timers } from '../util/clock.ts';
import { Deque } from '../util/deque.ts';
import type { Log } from '../util/log.ts';
import type { Account } from './account.ts';
import { inTime } from './in-time.ts';

/** What a message must wait for, and the module that asked for it. */
export interface Question {
  readonly until: Promise<unknown>;
  readonly module: string;
}

/** A message that waits. */
export interface Waiting {
  /** Runs all rules. @returns what it must wait for now; undefined: done with */
  run(): Question | undefined;
  refuse(error: StanzaError): void;
  /** Called once, when it was run to its end or refused. */
  over(): void;
}

/** So many wait in one lane; further ones are refused. */
const MAX_WAITING = 2000;
/** A question is answered within this time, or the message that waits for it is refused. */
const ANSWER_MS = 10_000;

export class Lanes {
  private readonly lanes = new Map<string, Deque<Waiting>>();
  private readonly timers: Timers;
  private readonly log: Log;

  constructor(timers: Timers, log: Log) {
    this.timers = timers;
    this.log = log;
  }

  /** Something of this sender waits, so what it sends now must join. */
  waits(account: Account, from: Jid): boolean {
    return this.lanes.size > 0 && this.lanes.has(keyOf(account, from));
  }

  /** @param question what the message waits for if it is the first of its lane, else undefined */
  add(account: Account, from: Jid, question: Question | undefined, message: Waiting): void {
    const key = keyOf(account, from);
    let lane = this.lanes.get(key);
    if (lane === undefined) this.lanes.set(key, (lane = new Deque()));
    if (lane.length >= MAX_WAITING) {
      message.refuse(new StanzaError('resource-constraint', 'wait'));
      message.over();
      return;
    }
    lane.push(message);
    if (question !== undefined) this.wait(key, lane, question);
  }

  private wait(key: string, lane: Deque<Waiting>, { until, module }: Question): void {
    inTime(this.timers, ANSWER_MS, until, {
      done: () => {
        this.advance(key, lane);
      },
      // Nobody can say whether it is there already; its sender may try again.
      failed: () => {
        this.refuse(key, lane, new StanzaError('resource-constraint', 'wait'));
      },
      late: () => {
        this.log.error(
          { module, limitMs: ANSWER_MS },
          'what a message had to wait for did not come in time; its sender was told.',
        );
        this.refuse(key, lane, new StanzaError('internal-server-error', 'wait'));
      },
    });
  }

  /** The first of a lane is not waited for any longer. */
  private refuse(key: string, lane: Deque<Waiting>, error: StanzaError): void {
    const head = lane.shift();
    head?.refuse(error);
    head?.over();
    this.advance(key, lane);
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
