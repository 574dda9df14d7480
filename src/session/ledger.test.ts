import fc from 'fast-check';
import { Ledger } from './ledger.ts';

test('nothing is settled while a debt at or below it is open, whatever the order of payment', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(3), { maxLength: 60 }),
      fc.infiniteStream(fc.nat()),
      (owed, picks) => {
        const ledger = new Ledger();
        const open = new Map<number, number>();
        const bills: number[] = [];
        for (const extra of owed) {
          const n = ledger.take();
          for (let i = 0; i < extra; i++) ledger.owe(n);
          open.set(n, extra + 1);
          for (let i = 0; i <= extra; i++) bills.push(n);
        }
        const choose = picks[Symbol.iterator]();
        while (bills.length > 0) {
          const pick = (choose.next().value as number) % bills.length;
          const n = bills.splice(pick, 1)[0] as number;
          open.set(n, (open.get(n) ?? 0) - 1);
          ledger.pay(n);
          let expected = 0;
          while ((open.get(expected + 1) ?? 1) === 0) expected++;
          expect(ledger.settled).toBe(expected);
        }
        expect(ledger.open).toBe(0);
      },
    ),
  );
});

test('a stanza without debts is settled as soon as its handling is over', () => {
  const seen: number[] = [];
  const ledger: Ledger = new Ledger(() => seen.push(ledger.settled));
  const n = ledger.take();
  expect(ledger.settled).toBe(0);
  ledger.pay(n);
  expect(ledger.settled).toBe(1);
  expect(seen).toEqual([1]);
});
