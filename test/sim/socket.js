// A connection without a kernel: the few members of a net.Socket that the transport uses, over two lanes of the scheduler.

/** The server's end. The client's end is the object given as `client`: data(text), ended(). */
export class SimSocket {
  remoteAddress = '127.0.0.1';
  destroyed = false;
  #handlers = new Map();
  #world;
  #lane;
  #client;
  #isPaused = true;
  #waiting = [];
  #clientGone = false;
  #finSent = false;
  #finSeen = false;
  #linger;

  /** @param timers of the process that holds the socket */
  constructor(world, name, client, timers) {
    this.#world = world;
    this.#lane = name;
    this.#client = client;
    this.timers = timers;
  }

  // ---- what the transport calls

  setNoDelay() {}

  get writableLength() {
    return 0;
  }

  on(name, handler) {
    this.#handlers.set(name, handler);
    return this;
  }

  off(name) {
    this.#handlers.delete(name);
    return this;
  }

  pause() {
    this.#isPaused = true;
    return this;
  }

  resume() {
    this.#isPaused = false;
    if (this.#waiting.length > 0) this.#post('read', () => this.#read());
    return this;
  }

  /** Gives a chunk back; called while paused. */
  unshift(chunk) {
    this.#waiting.unshift({ text: chunk.toString('utf8') });
  }

  write(text) {
    if (this.destroyed || this.#finSent) return true;
    this.#post('down', () => {
      if (!this.#clientGone) this.#client.data(this, text);
    });
    return true;
  }

  end() {
    if (this.destroyed || this.#finSent) return this;
    this.#finSent = true;
    this.#post('down', () => {
      if (!this.#clientGone) this.#client.ended(this);
    });
    this.#maybeClose();
    return this;
  }

  setTimeout(ms, onTimeout) {
    this.#linger?.cancel();
    if (ms > 0) this.#linger = this.timers.after(ms, () => onTimeout.call(this));
    return this;
  }

  destroy() {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.#waiting = [];
    this.#post('down', () => {
      if (!this.#clientGone) this.#client.ended(this);
    });
    this.timers.after(0, () => this.#emit('close'));
    return this;
  }

  // ---- what the client and the world do

  /** The client's bytes. */
  send(text) {
    if (this.#clientGone) return;
    this.#post('up', () => this.#arrive({ text }));
  }

  /** The client ends its side in good order; it reads nothing further. */
  finish() {
    if (this.#clientGone) return;
    this.#clientGone = true;
    this.#post('up', () => this.#arrive({ fin: true }));
  }

  /** The connection breaks. @param noticed false: the server's end hangs until something is written for too long */
  break(noticed) {
    if (this.#clientGone) return;
    this.#clientGone = true;
    if (noticed) {
      this.#post('up', () => {
        if (this.destroyed) return;
        this.#emit('error');
        this.destroy();
      });
    }
  }

  /** The process that held it died: the kernel tells the client. */
  orphan() {
    this.destroyed = true;
    this.#post('down', () => {
      if (!this.#clientGone) this.#client.ended(this);
    });
  }

  #post(way, run) {
    this.#world.scheduler.post(`${this.#lane}:${way}`, run);
  }

  #arrive(item) {
    if (this.destroyed) return;
    this.#waiting.push(item);
    this.#read();
  }

  #read() {
    while (!this.#isPaused && !this.destroyed && this.#waiting.length > 0) {
      const { text, fin } = this.#waiting.shift();
      if (fin === true) {
        this.#finSeen = true;
        this.#emit('end');
        this.#maybeClose();
      } else this.#emit('data', Buffer.from(text, 'utf8'));
    }
  }

  #maybeClose() {
    if (!this.#finSent || !this.#finSeen || this.destroyed) return;
    this.destroyed = true;
    this.#linger?.cancel();
    this.timers.after(0, () => this.#emit('close'));
  }

  #emit(name, ...args) {
    this.#handlers.get(name)?.apply(this, args);
  }
}
