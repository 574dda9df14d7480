// Back-pressure for all sockets of a worker: while the gate is shut nobody is read, so no queue behind it grows.

export interface Gated {
  resumeReading(): void;
}

/** Shut when storage or links have no room; opened when they have. */
export class ReadGate {
  private waiting = new Set<Gated>();
  shut = false;

  wait(gated: Gated): void {
    this.waiting.add(gated);
  }

  leave(gated: Gated): void {
    this.waiting.delete(gated);
  }

  open(): void {
    if (!this.shut) return;
    this.shut = false;
    const waiting = this.waiting;
    this.waiting = new Set();
    for (const gated of waiting) gated.resumeReading();
  }

  close(): void {
    this.shut = true;
  }
}
