// The devices of an account: what a client says of itself (XEP-0388 §2.3), and the tokens that it may log in with (XEP-0484).

/** `<user-agent/>` of a client that names its installation. */
export interface UserAgent {
  /** A UUID in lower case; never shown to anybody but the account's owner and administrators (XEP-0388 §2.3). */
  readonly id: string;
  readonly software: string;
  readonly device: string;
}

/** One row. */
export interface DeviceRow {
  readonly id: string;
  readonly software: string;
  readonly device: string;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  /** Tokens that it holds, 0 to 2. */
  readonly tokens: number;
}

/** The tokens of one device, sealed. XEP-0484 §5.1: what is in use, and what was given and never used. */
export interface DeviceTokens {
  /** Counts the changes of the two. */
  readonly version: number;
  readonly current: Buffer | undefined;
  readonly fresh: Buffer | undefined;
  readonly lastSeenAt: number;
  /** Of the account. */
  readonly disabled: boolean;
}

/** What a device's tokens are to be; undefined: none. */
export interface TokenSlots {
  readonly current: Buffer | undefined;
  readonly fresh: Buffer | undefined;
}

/** Rows of devices. Names are prepared; times are milliseconds since the epoch. */
export interface Devices {
  /** @returns undefined: no such account, or no such device. Rejects when it cannot be read. */
  tokensOf(local: string, domain: string, id: string): Promise<DeviceTokens | undefined>;
  /** Writes down that a device was seen; nobody waits for it, and a failure is logged. */
  seen(local: string, domain: string, agent: UserAgent, nowMs: number): void;
  /** Gives a device a new token to be used next. Resolves when it is on disk. Rejects when it cannot be written. */
  give(
    local: string,
    domain: string,
    agent: UserAgent,
    fresh: Buffer,
    nowMs: number,
  ): Promise<void>;
  /**
   * Changes the tokens of a device, if nobody has since they were read. On disk when it resolves.
   * @param version as read. @returns false: somebody was faster, nothing is changed. Rejects when it cannot be written.
   */
  change(
    local: string,
    domain: string,
    agent: UserAgent,
    version: number,
    slots: TokenSlots,
    nowMs: number,
  ): Promise<boolean>;
}
