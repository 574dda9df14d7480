import { AccountRoster, type Change, type Edit } from './account-roster.ts';
import { find, unpack } from './contacts.ts';

const add = (jid: string, name = ''): Edit => ({ jid, details: { name, groups: [] } });
const remove = (jid: string): Edit => ({ jid });

function begin(roster: AccountRoster, edit: Edit, ticket: number, removalsKept = 50): Change {
  const { change, after } = roster.plan(edit, 7, removalsKept);
  roster.begin(change, ticket, after);
  return change;
}

function commit(roster: AccountRoster, edit: Edit, removalsKept = 50): void {
  roster.commit(begin(roster, edit, 1, removalsKept));
}

const addresses = (roster: AccountRoster): string[] =>
  [...unpack(roster.stored.contacts)].map(({ jid }) => jid);

describe('a roster with changes on their way to the disk', () => {
  it('judges a second change by what the first will have done', () => {
    const roster = new AccountRoster();
    begin(roster, add('a@x'), 1);
    expect(roster.has('a@x')).toBe(true);
    begin(roster, remove('a@x'), 2);
    expect(roster.has('a@x')).toBe(false);
  });

  it('tells only what is on disk', () => {
    const roster = new AccountRoster();
    const change = begin(roster, add('a@x'), 1);
    expect(addresses(roster)).toEqual([]);
    roster.commit(change);
    expect(addresses(roster)).toEqual(['a@x']);
    expect(roster.busy).toBe(false);
  });

  it('forgets a change whose unit is done without a commit', () => {
    const roster = new AccountRoster();
    begin(roster, add('a@x'), 1);
    const second = begin(roster, add('b@x'), 2);
    roster.dropFailed(1);
    expect(roster.has('a@x')).toBe(false);
    expect(roster.has('b@x')).toBe(true);
    roster.commit(second);
    expect(addresses(roster)).toEqual(['b@x']);
  });

  it('forgets a failed removal when a later change commits', () => {
    const roster = new AccountRoster();
    commit(roster, add('a@x'));
    begin(roster, remove('a@x'), 2);
    roster.commit(begin(roster, add('b@x'), 3));
    expect(roster.has('a@x')).toBe(true);
    expect(roster.busy).toBe(false);
  });

  it('does not begin anew with every change that commits in its turn', () => {
    const roster = new AccountRoster();
    const changes = Array.from({ length: 2000 }, (_, i) =>
      begin(roster, add(`contact${i.toString()}@example.org`), i + 1),
    );
    const startedAt = performance.now();
    for (const change of changes) {
      roster.dropFailed(0);
      roster.commit(change);
    }
    // Each alone takes microseconds; with all those behind it, a minute in all.
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(roster.busy).toBe(false);
    expect(addresses(roster)).toHaveLength(2000);
  });

  it('gives every change a version of its own', () => {
    const roster = new AccountRoster();
    const versions = [add('a@x'), add('b@x'), add('a@x', 'A')].map(
      (edit, i) => begin(roster, edit, i + 1).version,
    );
    expect(versions).toEqual([1, 2, 3]);
  });

  it('keeps the states of a subscription when the name changes', () => {
    const roster = new AccountRoster();
    commit(roster, add('a@x'));
    const contact = find(roster.stored.contacts, 'a@x');
    expect(contact).toMatchObject({ subscription: 'none', version: 1 });
    commit(roster, add('a@x', 'A'));
    expect(find(roster.stored.contacts, 'a@x')).toMatchObject({ name: 'A', version: 2 });
  });
});

describe('changes since a version', () => {
  const since = (roster: AccountRoster, version: string): string[] | undefined =>
    roster.since(version)?.map(({ jid, subscription }) => `${subscription} ${jid}`);

  it('are the last change of each contact, in the order of the changes', () => {
    const roster = new AccountRoster();
    for (const jid of ['a@x', 'b@x', 'c@x']) commit(roster, add(jid));
    commit(roster, add('a@x', 'A'));
    commit(roster, remove('b@x'));
    expect(since(roster, roster.versionText(2))).toEqual(['none c@x', 'none a@x', 'remove b@x']);
    expect(since(roster, roster.versionText(5))).toEqual([]);
  });

  it('lead from an empty roster without the removals', () => {
    const roster = new AccountRoster();
    expect(roster.versionText()).toBe('0');
    commit(roster, add('a@x'));
    commit(roster, add('b@x'));
    commit(roster, remove('a@x'));
    expect(since(roster, '0')).toEqual(['none b@x']);
  });

  it('are unknown for texts that are no version of this roster', () => {
    const roster = new AccountRoster();
    commit(roster, add('a@x'));
    expect(roster.versionText()).toBe('7-1');
    for (const text of ['', '1', '7-2', '8-1', '7-01', '7--1', '7-1 ', 'NaN', '7-NaN', '00']) {
      expect(since(roster, text)).toBeUndefined();
    }
  });

  it('are unknown once a removal since then is forgotten', () => {
    const roster = new AccountRoster();
    for (const jid of ['a@x', 'b@x', 'c@x', 'd@x']) commit(roster, add(jid), 2);
    for (const jid of ['a@x', 'b@x', 'c@x']) commit(roster, remove(jid), 2);
    expect(addresses(roster)).toEqual(['b@x', 'c@x', 'd@x']);
    expect(since(roster, roster.versionText(4))).toBeUndefined();
    expect(since(roster, roster.versionText(5))).toEqual(['remove b@x', 'remove c@x']);
  });

  it('give way to the whole roster when most of it changed', () => {
    const roster = new AccountRoster();
    commit(roster, add('first@x'));
    for (let i = 0; i < 40; i++) commit(roster, add(`c${i.toString()}@x`));
    expect(roster.since(roster.versionText(1))).toBeUndefined();
    expect(since(roster, roster.versionText(30))).toHaveLength(11);
  });
});
