import type { Accounts } from '../account/accounts.ts';
import { SessionRef } from '../account/session-ref.ts';
import { parseJid } from '../protocol/jid.ts';
import { SessionRegistry } from '../session/registry.ts';
import { packSnapshot } from '../session/snapshot.ts';
import { silentLog } from '../util/log.ts';
import type { Bytes } from '../xml/bytes.ts';
import { FRAME, fieldsOf } from './frames.ts';
import { Handover } from './handover.ts';
import { ReceivedDebts } from './link-debts.ts';
import { RemotePort } from './remote-home.ts';

const JID = parseJid('ann@sim.example/a');
const SNAPSHOT = packSnapshot({
  jid: JID.full,
  token: 'token',
  resumeTimeoutMs: 60_000,
  h: 0,
  clientH: 0,
  unacknowledged: [],
});
const NO_DEBTS = new ReceivedDebts(1, {
  send: () => 0,
  settle: () => undefined,
  room: () => 0,
  close: () => Promise.resolve(),
});

describe('a session that is asked for while it is being moved', () => {
  const asked: Bytes[] = [];
  const done: string[] = [];
  let session: SessionRef;
  let handover: Handover;

  const move = (worker: number): void => {
    handover.move(JID, 'token', worker, 10 + worker, undefined, ({ snapshot }) =>
      done.push(`${worker} ${snapshot === undefined ? 'nothing' : 'it'}`),
    );
  };

  /** The worker that has it gives it up. */
  const given = (from: number): void => {
    const [request] = fieldsOf(asked.shift() ?? ('' as Bytes));
    handover.handle(FRAME.taken, from, [request!, SNAPSHOT], NO_DEBTS, 0);
  };

  beforeEach(() => {
    asked.length = 0;
    done.length = 0;
    const send = (_to: number, frame: Bytes): void => void asked.push(frame);
    session = new SessionRef(JID, 1, 1, new RemotePort(1, 1, send), silentLog);
    let requests = 0;
    handover = new Handover({
      self: 0,
      accounts: { byToken: () => session } as unknown as Accounts,
      sessions: new SessionRegistry(),
      send,
      request: () => String(++requests),
    });
  });

  test('goes to the first, and from there to the second', () => {
    move(2);
    move(3);
    expect(asked).toHaveLength(1);
    given(1);
    expect(done).toEqual(['2 it']);
    expect([session.worker, session.id]).toEqual([2, 12]);
    given(2);
    expect(done).toEqual(['2 it', '3 it']);
    expect(session.worker).toBe(3);
  });

  test('stays with the first when the worker of the second has died', () => {
    move(2);
    move(3);
    handover.gone(3);
    given(1);
    expect(asked).toEqual([]);
    expect(session.worker).toBe(2);
  });
});
