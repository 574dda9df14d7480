// What a device is called where others can see it: XEP-0386 (v1.1.0) §4.2.1, stable and without its id.
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Jid } from '../protocol/jid.ts';

/** 72 bits: two devices of one account never share one. */
const LABEL_BYTES = 9;

export class DeviceLabels {
  private readonly secret: KeyObject;

  /** @param secret the server's own: nobody can tell from a label whether it is of an id that he knows */
  constructor(secret: Buffer) {
    this.secret = createSecretKey(secret);
  }

  /** The same for the same device of an account, always. */
  of(account: Jid, deviceId: string): string {
    return createHmac('sha256', this.secret)
      .update(`device\0${account.bare}\0${deviceId}`)
      .digest()
      .subarray(0, LABEL_BYTES)
      .toString('base64url');
  }
}

/** Whether a resource was made for the device of that label. */
export function isResourceOf(resource: string, label: string): boolean {
  return resource === label || resource.endsWith(`/${label}`);
}
