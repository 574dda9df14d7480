// Tells when a rush of connections is over: the objects that carried them to their workers are garbage by then.

/** Connections that make a rush. Fewer do not make the heap grow. */
const RUSH = 500;
/** Looks without a new connection. */
const CALM_LOOKS = 8;

export class Rush {
  #came = 0;
  #cameBefore = 0;
  #calmLooks = 0;

  /** One more connection. */
  add(): void {
    this.#came += 1;
  }

  /** To be asked at regular times. @returns true once for each rush, when nobody has come for a while */
  over(): boolean {
    if (this.#came !== this.#cameBefore) {
      this.#cameBefore = this.#came;
      this.#calmLooks = 0;
      return false;
    }
    if (this.#came < RUSH) return false;
    this.#calmLooks += 1;
    if (this.#calmLooks < CALM_LOOKS) return false;
    this.#came = 0;
    this.#cameBefore = 0;
    this.#calmLooks = 0;
    return true;
  }
}
