// The one message of SASL PLAIN: RFC 4616 §2.

export interface PlainMessage {
  /** Empty: act as oneself. */
  readonly authzid: string;
  readonly authcid: string;
  readonly password: string;
}

/**
 * `[authzid] NUL authcid NUL passwd`, the last two not empty and without NUL.
 * @param message text of data that was checked to be UTF-8
 * @returns undefined: anything else
 */
export function parsePlain(message: string): PlainMessage | undefined {
  const [authzid, authcid, password, more] = message.split('\0', 4);
  if (authzid === undefined || !authcid || !password || more !== undefined) return undefined;
  return { authzid, authcid, password };
}
