// One ordered, whole-frame connection between a Storage and the writer. Three kinds behave alike: thread, socket, inline.

/** One end of a connection. */
export interface Link {
  /** Sends a frame; keeps no claim on it after the call save reading it until it is written. Ignored once closed. */
  send(frame: Buffer): void;
  /** Ends the connection after what was sent. Idempotent. */
  close(): void;
  /** Ends it at once, for a peer that does not answer; `closed` still follows. */
  abort(): void;
}

/** What an end is told. */
export interface LinkEvents {
  /** A frame; valid as long as it is kept. */
  frame(frame: Buffer): void;
  /** Once, after the last frame; the reason is for the log. */
  closed(reason: string): void;
}

/** Makes a connection to the writer. @throws (rejects) whatever the system says when there is none */
export type Dial = (events: LinkEvents) => Promise<Link>;
