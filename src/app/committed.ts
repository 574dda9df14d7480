// A unit as a promise, for administration: whoever changes something by hand is told when it is on disk.
import type { Commits } from '../account/commits.ts';
import type { StorageFailure, Unit } from '../storage/storage.ts';
import { OperatorError } from '../util/errors.ts';

/** A row that must not be there twice is there already. */
export class ConstraintBroken extends OperatorError {
  constructor() {
    super('db-constraint', 'The row is there already.', 'Nothing was changed.');
  }
}

/** @throws OperatorError `db-write`; ConstraintBroken */
export async function committed(commits: Commits, unit: Unit, owner: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const settled = (_n: number, failure: StorageFailure | undefined): void => {
      if (failure === undefined) resolve();
      else if (failure.code === 'constraint') reject(new ConstraintBroken());
      else {
        reject(
          new OperatorError(
            'db-write',
            `The change could not be written: ${failure.message}.`,
            'Check the free space and the state of the disk, then try again.',
          ),
        );
      }
    };
    commits.submit(unit, owner, { settled }, 0);
  });
}
