import type { Debtor } from '../session/ledger.ts';
import type { Links } from '../cluster/link.ts';
import { ReceivedDebts, SentDebts } from './link-debts.ts';

class Book implements Debtor {
  readonly owed: number[] = [];
  readonly paid: number[] = [];

  owe(n: number): void {
    this.owed.push(n);
  }

  pay(n: number): void {
    this.paid.push(n);
  }
}

function sent(...numbers: number[]): { debts: SentDebts; book: Book } {
  const debts = new SentDebts();
  const book = new Book();
  for (const no of numbers) debts.add(no, book, no * 10);
  return { debts, book };
}

describe('debts of frames that were sent', () => {
  test('one that is dropped is paid, though no done ever comes', () => {
    const { debts, book } = sent(1, 2, 3);
    debts.dropped(1);
    debts.dropped(2);
    debts.dropped(3);
    expect(book.paid).toEqual([10, 20, 30]);
  });

  test('one dropped behind others that are under way is paid once, and the others still are', () => {
    const { debts, book } = sent(1, 2, 3, 4);
    debts.dropped(3);
    expect(book.paid).toEqual([30]);
    debts.done(4, [2]);
    expect(book.paid).toEqual([30, 10, 40]);
    debts.done(4, []);
    expect(book.paid).toEqual([30, 10, 40, 20]);
  });

  test('one that a done had passed over can be dropped', () => {
    const { debts, book } = sent(1, 2);
    debts.done(2, [1]);
    debts.dropped(1);
    debts.done(2, []);
    expect(book.paid).toEqual([20, 10]);
  });

  test('a frame that nobody waits for changes nothing', () => {
    const { debts, book } = sent(2, 4);
    debts.dropped(1);
    debts.dropped(3);
    debts.dropped(5);
    expect(book.paid).toEqual([]);
  });
});

describe('debts of frames that were received', () => {
  function received(): { debts: ReceivedDebts; settled: string[] } {
    const settled: string[] = [];
    const links: Pick<Links, 'settle'> = {
      settle: (from, no, unasked) => {
        settled.push(`${from}:${no}${unasked === true ? ' unasked' : ''}`);
      },
    };
    return { debts: new ReceivedDebts(1, links as Links), settled };
  }

  test('a frame is settled when it was handled and what it owes is paid', () => {
    const { debts, settled } = received();
    debts.begin(1, false);
    debts.owe(1);
    debts.end(1);
    debts.begin(2, false);
    debts.end(2);
    expect(settled).toEqual(['1:2']);
    debts.pay(1);
    expect(settled).toEqual(['1:2', '1:1']);
  });

  test('one that nobody waits for says so when it is settled, at once or later, and no other does', () => {
    const { debts, settled } = received();
    debts.begin(1, false);
    debts.unask();
    debts.owe(1);
    expect(debts.isUnasked(1)).toBe(true);
    debts.end(1);
    debts.begin(2, false);
    debts.owe(2);
    debts.end(2);
    debts.begin(3, false);
    debts.unask();
    debts.end(3);
    expect([1, 2].map((no) => debts.isUnasked(no))).toEqual([true, false]);
    debts.pay(2);
    debts.pay(1);
    expect(settled).toEqual(['1:3 unasked', '1:2', '1:1 unasked']);
  });

  test('the done of a repeated frame is waited for: those behind it wait too', () => {
    const { debts, settled } = received();
    debts.begin(1, true);
    debts.unask();
    debts.end(1);
    expect(settled).toEqual(['1:1']);
  });
});
