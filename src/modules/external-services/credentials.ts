// Names and passwords for a TURN server that pass: the scheme of draft-uberti-behave-turn-rest, which coturn speaks.
import { createHmac } from 'node:crypto';

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** Milliseconds since the epoch; undefined: they do not pass. */
  readonly expiresAtMs: number | undefined;
}

/** The same ones are given for so long: a client that asks twice within it finds nothing changed. */
const STEP_MS = 300_000;

const HOUR_MS = 3_600_000;

/**
 * @param user whose they are: the service sees a token of it and not the address
 * @param ttlHours they are good for at least so long
 */
export function temporaryCredentials(
  secret: string,
  user: string,
  nowMs: number,
  ttlHours: number,
): Credentials {
  const stepEndMs = (Math.floor(nowMs / STEP_MS) + 1) * STEP_MS;
  const expiresAtS = Math.ceil((stepEndMs + ttlHours * HOUR_MS) / 1000);
  const token = createHmac('sha256', secret).update(user).digest('hex').slice(0, 16);
  const username = `${expiresAtS.toString()}:${token}`;
  const password = createHmac('sha1', secret).update(username).digest('base64');
  return { username, password, expiresAtMs: expiresAtS * 1000 };
}
