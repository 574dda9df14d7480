// What a sender may believe of its `h` when the storage takes nothing, on the real ledger and a storage of the test.
import { ManualTime } from '../auth/testing/manual-time.ts';
import { makeJid } from '../protocol/jid.ts';
import type { StanzaError } from '../protocol/stanza-error.ts';
import { Ledger } from '../session/ledger.ts';
import { StorageError, type StorageFailure, type Unit } from '../storage/storage.ts';
import { silentLog } from '../util/log.ts';
import { utf8, type Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import { StanzaReader } from '../xml/stanza-reader.ts';
import { XmlContext } from '../xml/xml-context.ts';
import { Account } from './account.ts';
import type { Commits, Settler } from './commits.ts';
import { SentCopies } from './sent-copies.ts';
import { DeferredUnit, OwnUnit, SenderUnits } from './sender-units.ts';
import { SessionRef } from './session-ref.ts';

const FULL: StorageFailure = { code: 'full', message: 'no space' };
const account = new Account(makeJid('alice', 'example.org', ''), 1, () => undefined);
const reader = new StanzaReader(new XmlContext());
const alice = makeJid('alice', 'example.org', 'a');
const bob = makeJid('bob', 'example.org', '');

/** Commits when told. */
class Disk {
  takes = true;
  closed = false;
  written: unknown[] = [];
  private waiting: { unit: unknown; settler: Settler; n: number }[] = [];

  submit(unit: Unit, _owner: number, settler: Settler, n: number): void {
    if (this.closed) throw new StorageError('closed', 'closed');
    this.waiting.push({ unit, settler, n });
  }

  commit(failure?: StorageFailure): void {
    for (const { unit, settler, n } of this.waiting.splice(0)) {
      if (failure === undefined) this.written.push(unit);
      settler.settled(n, failure);
    }
  }
}

let disk: Disk;
let time: ManualTime;
let ledger: Ledger;
let units: SenderUnits;
/** Numbers and errors in the order in which they leave for the client. */
let told: (number | string)[];

beforeEach(() => {
  disk = new Disk();
  time = new ManualTime();
  told = [];
  ledger = new Ledger(() => told.push(ledger.settled));
  units = new SenderUnits({
    commits: disk as unknown as Commits,
    clock: time,
    timers: time,
    log: silentLog,
    refuse: (stanza, from, to, error: StanzaError) => {
      expect([from, to]).toEqual([alice, bob]);
      told.push(`${stanza.id ?? ''} ${error.condition}`);
    },
  });
});

const stanza = (id: string): Stanza => reader.read(utf8(`<message id='${id}'/>`));

/** A message to somebody who is owned elsewhere; it is routed and not done there yet. */
function elsewhere(id: string): DeferredUnit {
  const n = ledger.take();
  const deferred = new DeferredUnit(units, stanza(id), alice, bob, ledger, n);
  units.defer(account, id as unknown as Unit, deferred);
  deferred.owe();
  deferred.pay();
  ledger.pay(n);
  return deferred;
}

it('waits for a storage that takes nothing for a while: h stays back, and nothing is lost', async () => {
  const one = elsewhere('one');
  const two = elsewhere('two');
  disk.takes = false;
  two.pay();
  one.pay();
  await time.pass(20_000);
  disk.commit();
  expect(told).toEqual([]);
  expect(units.behind(account)).toBe(true);
  disk.takes = true;
  await time.pass(500);
  expect(told).toEqual([]);
  disk.commit();
  expect(disk.written).toEqual(['one', 'two']);
  expect(told).toEqual([1, 2]);
  expect(units.behind(account)).toBe(false);
  expect(time.pending).toBe(0);
});

it('tells the sender after half a minute, before h passes the message', async () => {
  const one = elsewhere('one');
  const two = elsewhere('two');
  const three = elsewhere('three');
  disk.takes = false;
  one.pay();
  two.pay();
  await time.pass(31_000);
  expect(told).toEqual(['one resource-constraint', 1, 'two resource-constraint', 2]);
  disk.takes = true;
  three.pay();
  disk.commit();
  expect(disk.written).toEqual(['three']);
  expect(told.slice(4)).toEqual([3]);
  expect(time.pending).toBe(0);
});

describe('a row that could not be committed', () => {
  function here(): { own: OwnUnit; n: number } {
    const n = ledger.take();
    const own = new OwnUnit(units, stanza('one'), alice, bob, ledger, n);
    own.owe(n);
    units.submit(account, 'one' as unknown as Unit, own);
    ledger.pay(n);
    return { own, n };
  }

  it('is told to the sender before h passes the message', () => {
    const { own, n } = here();
    own.pay(n);
    disk.commit(FULL);
    expect(told).toEqual(['one resource-constraint', 1]);
  });

  it('is not told twice when the recipient did not get the message either', () => {
    const { own, n } = here();
    own.refused();
    own.pay(n);
    disk.commit(FULL);
    expect(told).toEqual([1]);
  });

  it('is not counted by a worker that stops: the sender has the message still', () => {
    disk.closed = true;
    const { own, n } = here();
    own.pay(n);
    expect(told).toEqual([]);
  });
});

describe('copies for the other sessions of the account', () => {
  let seen: string[];
  let desk: SessionRef;

  beforeEach(() => {
    seen = [];
    const port = { deliver: (bytes: Bytes) => void seen.push(bytes), end: () => undefined };
    desk = new SessionRef(makeJid('alice', 'example.org', 'desk'), 2, 0, port, silentLog);
  });

  function copiesOf(id: string, stamp?: () => Bytes): SentCopies {
    const copy = { session: desk, stanza: `<${id}>` as Bytes, rest: `</${id}>` as Bytes };
    return new SentCopies([copy], stamp);
  }

  function follower(id: string): void {
    const place = new DeferredUnit(units, stanza(id), alice, bob, undefined, 0);
    units.follow(account, copiesOf(id), place);
  }

  it('leave when the row is on disk, in the order sent, and with what is only known then', async () => {
    const one = elsewhere('one');
    const two = elsewhere('two');
    let id = '';
    one.copies = copiesOf('one', () => id as Bytes);
    two.copies = copiesOf('two');
    follower('typing');
    two.pay();
    id = 'id';
    one.pay();
    desk.deliver('<between/>' as Bytes);
    expect(seen).toEqual([]);
    disk.commit();
    expect(seen).toEqual(['<one>id</one>', '<two></two>', '<typing></typing>', '<between/>']);
    follower('alone');
    expect(seen.slice(4)).toEqual(['<alone></alone>']);
    expect(units.behind(account)).toBe(false);
    await time.pass(1000);
  });

  it('are not given when the row could not be kept', () => {
    const one = elsewhere('one');
    one.copies = copiesOf('one');
    one.pay();
    desk.deliver('<behind/>' as Bytes);
    disk.commit(FULL);
    expect(seen).toEqual(['<behind/>']);
  });

  it('of what leaves no row wait for no storage', async () => {
    const one = elsewhere('one');
    one.copies = copiesOf('one');
    follower('typing');
    disk.takes = false;
    one.pay();
    await time.pass(31_000);
    expect(seen).toEqual(['<typing></typing>']);
    expect(units.behind(account)).toBe(false);
  });
});
