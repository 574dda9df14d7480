// How often a stream may fail to log in, by whichever profile of SASL.

/** RFC 6120 §6.4.5: a reasonable number of retries, at least 2 and at most 5. */
const MAX_FAILURES = 5;

/**
 * COMPAT(slixmpp before 1.8.5): over TLS 1.3 it asks for tls-unique in every -PLUS, then says `y` in every other SCRAM,
 * and only then tries PLAIN. Such attempts end before a password is looked at, so they are counted apart.
 */
const MAX_MISFITS = 8;

export class Attempts {
  private failures = 0;
  private misfits = 0;

  /** @param misfit no secret was looked at. @returns true: that was the last one */
  failed(misfit: boolean): boolean {
    if (misfit) this.misfits++;
    else this.failures++;
    return this.failures >= MAX_FAILURES || this.misfits >= MAX_MISFITS;
  }
}
