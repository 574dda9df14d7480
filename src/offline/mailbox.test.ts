// What is followed and the mark, against a model that remembers everything.
import fc from 'fast-check';
import { Mailbox, MAX_FOLLOWED, type Mark } from './mailbox.ts';
import { markParameters, readLoaded } from './store.ts';

const quiet = (): void => undefined;

/** Whether the mark says of this one that it is proven. */
function isProven({ proven, above }: Mark, id: number): boolean {
  return id <= proven || above.some(([from, upTo]) => from <= id && id <= upTo);
}

it('the mark and the ids above it name exactly what is proven, whatever the order of proofs', () => {
  const steps = fc.array(fc.record({ add: fc.boolean(), at: fc.nat() }), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (list) => {
      const mailbox = new Mailbox(quiet);
      const open: number[] = [];
      const proven = new Set<number>();
      let last = 1000;
      for (const { add, at } of list) {
        if (add || open.length === 0) {
          last += 1 + (at % 7);
          mailbox.addArchived(last, at % 3);
          open.push(last);
        } else {
          const [id] = open.splice(at % open.length, 1);
          mailbox.prove([id as number]);
          proven.add(id as number);
        }
        const mark = mailbox.mark;
        for (const id of open) expect(isProven(mark, id)).toBe(false);
        for (const id of proven) expect(isProven(mark, id)).toBe(true);
      }
    }),
  );
});

it('comes back from its row as it was', () => {
  const mailbox = new Mailbox(quiet);
  for (const id of [10, 20, 30, 40]) mailbox.addArchived(id, id === 40 ? 0 : 1);
  mailbox.prove([10, 30]);
  const [, proven, above, given] = [0, ...markParameters(1, mailbox.mark).slice(1)];
  const rows = [
    [0, proven ?? null, above ?? null, given ?? null],
    [1, 40, null, null],
    [1, 30, null, null],
    [1, 20, null, null],
    [3, 40, null, null],
  ];
  const loaded = readLoaded(rows);
  const again = new Mailbox(quiet);
  again.load(loaded.mark, loaded.archived, loaded.pending);
  expect(again.mark).toEqual(mailbox.mark);
  expect(again.waiting()).toEqual([40]);
  expect(again.maybeSeen()).toEqual([20]);
});

it('follows what is unproven however much is proven above it, and its mark stays short', () => {
  const mailbox = new Mailbox(quiet);
  mailbox.addArchived(1, 1);
  for (let id = 2; id < 3000; id++) {
    mailbox.addArchived(id, 1);
    mailbox.prove([id]);
  }
  expect(mailbox.follows(1)).toBe(true);
  expect(isProven(mailbox.mark, 1)).toBe(false);
  expect(isProven(mailbox.mark, 2)).toBe(true);
  expect(isProven(mailbox.mark, 2999)).toBe(true);
  expect(mailbox.mark.above.length).toBeLessThan(600);
});

it('remembers a bounded number of ranges, and gives again what is in the others', () => {
  const mailbox = new Mailbox(quiet);
  for (let id = 1; id < 4000; id++) mailbox.addArchived(id, 1);
  for (let id = 2; id < 4000; id += 2) mailbox.prove([id]);
  const { mark } = mailbox;
  expect(mark.above.length).toBeLessThan(600);
  for (let id = 1; id < 4000; id += 2) expect(isProven(mark, id)).toBe(false);
});

it('follows a thousand of what waits, and knows of the others that they are on disk', () => {
  const mailbox = new Mailbox(quiet);
  for (let id = 1; id <= 2500; id++) mailbox.addArchived(id, 0);
  expect(mailbox.archived.size).toBe(MAX_FOLLOWED);
  expect(mailbox.unread).toEqual({ from: 1001, upTo: 2500, seen: false });
  mailbox.prove(mailbox.waiting());
  expect(mailbox.mark.proven).toBe(1000);
});

it('keeps nothing in memory of the newest that too many sessions gave back', () => {
  const mailbox = new Mailbox(quiet);
  for (let id = 1; id <= 2500; id++) mailbox.addArchived(id, 1);
  mailbox.prove([2200]);
  mailbox.lose(Array.from({ length: 2500 }, (_, i) => i + 1));
  mailbox.compact();
  expect(mailbox.archived.size).toBe(MAX_FOLLOWED);
  expect(mailbox.unread).toEqual({ from: 1001, upTo: 2500, seen: true });
  expect(mailbox.isUnread(2199)).toBe(true);
  expect(mailbox.isUnread(2200)).toBe(false);
  expect(isProven(mailbox.mark, 2199)).toBe(false);
});

it('a page of the archive proves what was not followed', () => {
  const mailbox = new Mailbox(quiet);
  for (let id = 1; id <= 1500; id++) mailbox.addArchived(id, 0);
  mailbox.given(undefined as never, [1200, 1201]);
  mailbox.prove([1200, 1201]);
  expect(mailbox.isUnread(1200)).toBe(false);
  expect(mailbox.isUnread(1202)).toBe(true);
  expect(isProven(mailbox.mark, 1201)).toBe(true);
});
