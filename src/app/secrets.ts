// The server's own secret, made once and kept in the database: fake salts must stay the same from one start to the next.
import type { Commits } from '../account/commits.ts';
import type { Storage } from '../storage/storage.ts';
import type { Random } from '../util/clock.ts';
import { InvariantError } from '../util/errors.ts';

const SECRET_BYTES = 32;

/** Several workers may ask at once at the first start: the first row wins, and all read that one. */
export async function serverSecret(
  storage: Storage,
  random: Random,
  commits: Commits,
): Promise<Buffer> {
  const query = storage.query('secrets.get');
  const [row] = await storage.read(query, ['server']);
  if (row !== undefined) return row[0] as Buffer;
  const unit = storage
    .unit()
    .add(storage.statement('secrets.keep'), 'server', random.bytes(SECRET_BYTES));
  commits.submit(unit, 0, { settled: () => undefined }, 0);
  const [made] = await storage.read(query, ['server'], commits.lastTicket);
  if (made === undefined)
    throw new InvariantError('the server secret was written and cannot be read');
  return made[0] as Buffer;
}
