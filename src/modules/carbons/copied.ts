// What was copied lately, so that an error in answer to it is copied too: XEP-0280 (1.0.1) §6.1.

/** So many are remembered for each account whose messages are copied; the oldest goes. */
const MAX_REMEMBERED = 64;

/** Made with an account's first copy. */
export class Copied {
  private readonly keys: string[] = [];
  private next = 0;

  note(peer: string, id: string): void {
    this.keys[this.next] = keyOf(peer, id);
    this.next = (this.next + 1) % MAX_REMEMBERED;
  }

  has(peer: string, id: string): boolean {
    return this.keys.includes(keyOf(peer, id));
  }
}

function keyOf(peer: string, id: string): string {
  return `${peer} ${id}`;
}
