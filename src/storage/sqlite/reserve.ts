// A file that is given up when the disk is full, so that what makes room still fits.
import { closeSync, existsSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs';

const RESERVE_BYTES = 1024 * 1024;

/** The reserve beside one database. */
export class Reserve {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Makes the file unless it is there. @throws what the file system says; nothing is left then */
  make(): void {
    if (existsSync(this.#path) && statSync(this.#path).size === RESERVE_BYTES) return;
    try {
      const file = openSync(this.#path, 'w', 0o600);
      try {
        // Written, not truncated to size: a hole would reserve nothing.
        const block = Buffer.alloc(64 * 1024, 0x20);
        for (let at = 0; at < RESERVE_BYTES;) at += writeSync(file, block, 0, block.length, at);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      this.give();
      throw error;
    }
  }

  /** Gives its space back to the file system. */
  give(): void {
    rmSync(this.#path, { force: true });
  }
}
