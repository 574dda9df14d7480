// The mark against a model that remembers everything.
import fc from 'fast-check';
import { Mailbox } from './mailbox.ts';
import { markParameters, readLoaded } from './store.ts';

const quiet = (): void => undefined;

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
        for (const id of open) expect(id > mark.proven && !mark.above.includes(id)).toBe(true);
        for (const id of proven) expect(id <= mark.proven || mark.above.includes(id)).toBe(true);
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
  ];
  const loaded = readLoaded(rows);
  const again = new Mailbox(quiet);
  again.load(loaded.mark, loaded.archived, loaded.pending);
  expect(again.mark).toEqual(mailbox.mark);
  expect(again.waiting()).toEqual([40]);
  expect(again.maybeSeen()).toEqual([20]);
});

it('is bounded: what stays unproven below very much that is proven is followed no longer', () => {
  const mailbox = new Mailbox(quiet);
  mailbox.addArchived(1, 1);
  for (let id = 2; id < 3000; id++) {
    mailbox.addArchived(id, 1);
    mailbox.prove([id]);
  }
  expect(mailbox.follows(1)).toBe(false);
  expect(mailbox.mark.above.length).toBeLessThan(600);
});
