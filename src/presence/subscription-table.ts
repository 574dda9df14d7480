// RFC 6121 appendix A as data: what a subscription stanza does to the state between two. Printed into docs/reference.

/** The nine states, seen from one side: who is subscribed to whom, and what is asked and not answered. */
export type State =
  'none' | 'none+out' | 'none+in' | 'none+out+in' | 'to' | 'to+in' | 'from' | 'from+out' | 'both';

export type SubscriptionType = 'subscribe' | 'subscribed' | 'unsubscribe' | 'unsubscribed';

/** `out`: from the account's own client; `in`: from the contact. */
export type Direction = 'out' | 'in';

export interface Cell {
  /** Out: routed to the contact. In: given to the account's clients. */
  readonly passes: boolean;
  readonly next: State;
  /**
   * `approve`: kept as an approval in advance (§3.4); `withdraw`: such an approval is taken back; `answer`: the server says
   * `subscribed` itself (§3.1.3).
   */
  readonly also?: 'approve' | 'withdraw' | 'answer';
}

export interface TableRow {
  readonly direction: Direction;
  readonly type: SubscriptionType;
  readonly clause: string;
  readonly cells: Readonly<Record<State, Cell>>;
}

const on = (next: State): Cell => ({ passes: true, next });
const stays = (next: State): Cell => ({ passes: false, next });
const approves = (next: State): Cell => ({ passes: false, next, also: 'approve' });
const answers = (next: State): Cell => ({ passes: false, next, also: 'answer' });
/** §3.4.1: `unsubscribed` cancels an approval in advance, whatever else it does. */
const takesBack = (passes: boolean, next: State): Cell => ({ passes, next, also: 'withdraw' });

export const SUBSCRIPTION_TABLE: readonly TableRow[] = [
  {
    direction: 'out',
    type: 'subscribe',
    clause: 'RFC 6121 A.2.1',
    cells: {
      none: on('none+out'),
      'none+out': on('none+out'),
      'none+in': on('none+out+in'),
      'none+out+in': on('none+out+in'),
      to: on('to'),
      'to+in': on('to+in'),
      from: on('from+out'),
      'from+out': on('from+out'),
      both: on('both'),
    },
  },
  {
    direction: 'out',
    type: 'unsubscribe',
    clause: 'RFC 6121 A.2.2',
    cells: {
      none: on('none'),
      'none+out': on('none'),
      'none+in': on('none+in'),
      'none+out+in': on('none+in'),
      to: on('none'),
      'to+in': on('none+in'),
      from: on('from'),
      'from+out': on('from'),
      both: on('from'),
    },
  },
  {
    direction: 'out',
    type: 'subscribed',
    clause: 'RFC 6121 A.2.3',
    cells: {
      none: approves('none'),
      'none+out': approves('none+out'),
      'none+in': on('from'),
      'none+out+in': on('from+out'),
      to: approves('to'),
      'to+in': on('both'),
      from: stays('from'),
      'from+out': stays('from+out'),
      both: stays('both'),
    },
  },
  {
    direction: 'out',
    type: 'unsubscribed',
    clause: 'RFC 6121 A.2.4',
    cells: {
      none: takesBack(false, 'none'),
      'none+out': takesBack(false, 'none+out'),
      'none+in': takesBack(true, 'none'),
      'none+out+in': takesBack(true, 'none+out'),
      to: takesBack(false, 'to'),
      'to+in': takesBack(true, 'to'),
      from: takesBack(true, 'none'),
      'from+out': takesBack(true, 'none+out'),
      both: takesBack(true, 'to'),
    },
  },
  {
    direction: 'in',
    type: 'subscribe',
    clause: 'RFC 6121 A.3.1',
    cells: {
      none: on('none+in'),
      'none+out': on('none+out+in'),
      'none+in': stays('none+in'),
      'none+out+in': stays('none+out+in'),
      to: on('to+in'),
      'to+in': stays('to+in'),
      from: answers('from'),
      'from+out': answers('from+out'),
      both: answers('both'),
    },
  },
  {
    direction: 'in',
    type: 'unsubscribe',
    clause: 'RFC 6121 A.3.2',
    cells: {
      none: stays('none'),
      'none+out': stays('none+out'),
      'none+in': on('none'),
      'none+out+in': on('none+out'),
      to: stays('to'),
      'to+in': on('to'),
      from: on('none'),
      'from+out': on('none+out'),
      both: on('to'),
    },
  },
  {
    direction: 'in',
    type: 'subscribed',
    clause: 'RFC 6121 A.3.3',
    cells: {
      none: stays('none'),
      'none+out': on('to'),
      'none+in': stays('none+in'),
      'none+out+in': on('to+in'),
      to: stays('to'),
      'to+in': stays('to+in'),
      from: stays('from'),
      'from+out': on('both'),
      both: stays('both'),
    },
  },
  {
    direction: 'in',
    type: 'unsubscribed',
    clause: 'RFC 6121 A.3.4',
    cells: {
      none: stays('none'),
      'none+out': on('none'),
      'none+in': stays('none+in'),
      'none+out+in': on('none+in'),
      to: on('none'),
      'to+in': on('none+in'),
      from: stays('from'),
      'from+out': on('from'),
      both: on('from'),
    },
  },
];

/** What a roster item shows of a state; that they ask for ours is kept apart, since it makes nobody a contact (§3.1.3). */
export interface Sides {
  readonly subscription: 'none' | 'to' | 'from' | 'both';
  /** We asked for theirs. */
  readonly ask: boolean;
  /** They asked for ours. */
  readonly asks: boolean;
}

export const SIDES: Readonly<Record<State, Sides>> = {
  none: { subscription: 'none', ask: false, asks: false },
  'none+out': { subscription: 'none', ask: true, asks: false },
  'none+in': { subscription: 'none', ask: false, asks: true },
  'none+out+in': { subscription: 'none', ask: true, asks: true },
  to: { subscription: 'to', ask: false, asks: false },
  'to+in': { subscription: 'to', ask: false, asks: true },
  from: { subscription: 'from', ask: false, asks: false },
  'from+out': { subscription: 'from', ask: true, asks: false },
  both: { subscription: 'both', ask: false, asks: false },
};

/** What cannot be together (a request beside a subscription that answers it) is read as the subscription. */
export function stateOf({ subscription, ask, asks }: Sides): State {
  switch (subscription) {
    case 'both':
      return 'both';
    case 'to':
      return asks ? 'to+in' : 'to';
    case 'from':
      return ask ? 'from+out' : 'from';
    default:
      if (ask) return asks ? 'none+out+in' : 'none+out';
      return asks ? 'none+in' : 'none';
  }
}

/** §3.4.2: a request that was approved in advance goes straight to its end, and nobody is asked. */
const APPROVED: Readonly<Partial<Record<State, State>>> = {
  'none+in': 'from',
  'none+out+in': 'from+out',
  'to+in': 'both',
};

/**
 * One cell.
 * @param approved the contact was approved in advance
 */
export function cellFor(
  direction: Direction,
  type: SubscriptionType,
  state: State,
  approved: boolean,
): Cell {
  for (const row of SUBSCRIPTION_TABLE) {
    if (row.direction !== direction || row.type !== type) continue;
    const cell = row.cells[state];
    const next = APPROVED[cell.next];
    // A request that waits from before the approval is not answered by one that comes again: its user has it.
    if (approved && cell.passes && direction === 'in' && type === 'subscribe' && next !== undefined)
      return answers(next);
    return cell;
  }
  return stays(state);
}
