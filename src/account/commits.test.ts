import type { DoneListener, Storage, StorageFailure, Ticket, Unit } from '../storage/storage.ts';
import { Commits, type Settler } from './commits.ts';

/** Gives tickets; says done when told. */
class Tickets {
  private listener: DoneListener = () => undefined;
  private last: Ticket = 0;
  readonly room = 1_000_000;

  onDone(listener: DoneListener): void {
    this.listener = listener;
  }

  submit(): Ticket {
    return ++this.last;
  }

  done(upTo: Ticket, failed?: ReadonlyMap<Ticket, StorageFailure>): void {
    this.listener(upTo, failed);
  }
}

function commits(): { storage: Tickets; submit: (settler: Settler) => void } {
  const storage = new Tickets();
  const queue = new Commits(storage as unknown as Storage, () => undefined);
  return { storage, submit: (settler) => queue.submit({} as Unit, 1, settler, 0) };
}

test('a settler that throws keeps no other from learning what became of its unit', () => {
  const { storage, submit } = commits();
  const heard: (string | undefined)[] = [];
  submit({
    settled: () => {
      throw new TypeError('a bug');
    },
  });
  submit({ settled: (_n, failure) => heard.push(failure?.code) });
  submit({ settled: (_n, failure) => heard.push(failure?.code) });
  const failed = new Map([[3, { code: 'full' as const, message: 'no space' }]]);
  // The bug is not swallowed either.
  expect(() => storage.done(3, failed)).toThrow('a bug');
  expect(heard).toEqual([undefined, 'full']);
});
