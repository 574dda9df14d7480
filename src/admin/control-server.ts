// The running server's end of the control socket. One request at a time per connection; a client that sends rubbish,
// floods or stays silent loses its own connection and nothing else.
import { chmodSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { TimerHandle, Timers } from '../util/clock.ts';
import { OperatorError } from '../util/errors.ts';
import type { Log } from '../util/log.ts';
import type { AdminContext } from './command.ts';
import { connectSocket } from './control-client.ts';
import {
  decodeRequest,
  encodeFrame,
  LineReader,
  type ControlRequest,
  type ControlResponse,
} from './control-protocol.ts';

const MAX_CONNECTIONS = 32;
/** Requests of one connection that may wait while one runs; then it is not read. */
const MAX_WAITING = 16;
/** sockaddr_un holds 108 bytes with the NUL. */
const MAX_PATH_BYTES = 107;

export interface ControlServerOptions {
  readonly path: string;
  readonly context: AdminContext;
  readonly timers: Timers;
  readonly log: Log;
  /** A connection that asks nothing for this long is closed. */
  readonly idleTimeoutMs?: number;
  /** A command that takes longer is answered `control-timeout`; it may still be carried out. */
  readonly commandTimeoutMs?: number;
  /** How long `close` waits for the commands in hand. */
  readonly closeTimeoutMs?: number;
}

export interface ControlServer {
  /** Takes the socket away and ends every connection, when the commands in hand are answered or have had their time. */
  close(): Promise<void>;
}

/**
 * Opens the control socket: mode 0600, its directory made with 0700 if missing, a file left by a killed server replaced.
 * @throws OperatorError `server-running`, `control-path`
 */
export async function openControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { path } = options;
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw pathError(path, `it is longer than ${String(MAX_PATH_BYTES)} bytes`);
  }
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw pathError(path, reasonOf(error), error);
  }
  await removeStale(path);
  const connections = new Set<ControlConnection>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    if (connections.size >= MAX_CONNECTIONS) {
      refuse(socket);
      return;
    }
    const connection = new ControlConnection(socket, options, () => connections.delete(connection));
    connections.add(connection);
  });
  await listen(server, path);
  server.on('error', (error) => {
    options.log.error({ err: error }, 'control socket failed');
  });
  return {
    close: () =>
      new Promise((resolve) => {
        const deadline = options.timers.after(options.closeTimeoutMs ?? 2000, () => {
          for (const connection of connections) connection.destroy();
        });
        server.close(() => {
          deadline.cancel();
          resolve();
        });
        for (const connection of connections) connection.finish();
      }),
  };
}

/** A socket file that nobody listens on is left from a server that was killed. */
async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw pathError(path, 'a file that is not a socket is there');
  const answering = await connectSocket(path).then(
    (socket) => {
      socket.destroy();
      return true;
    },
    (error: unknown) => {
      // Only a refusal proves that nobody is there.
      if (error instanceof OperatorError && error.code === 'server-not-running') return false;
      throw error;
    },
  );
  if (answering) {
    throw new OperatorError(
      'server-running',
      `another server answers on ${path}`,
      'Stop it with `xmppd stop`, or give this one a data directory of its own.',
    );
  }
  unlinkSync(path);
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(pathError(path, reasonOf(error), error));
    });
    // SECURITY: the file must not be open to others between bind and chmod; bind happens inside listen().
    const umask = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.removeAllListeners('error');
        chmodSync(path, 0o600);
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
}

/** One caller. */
class ControlConnection {
  readonly #socket: Socket;
  readonly #options: ControlServerOptions;
  readonly #lines = new LineReader();
  readonly #waiting: string[] = [];
  #running = false;
  #ending = false;
  #idle: TimerHandle | undefined;

  constructor(socket: Socket, options: ControlServerOptions, onClosed: () => void) {
    this.#socket = socket;
    this.#options = options;
    socket.on('data', (chunk: Buffer) => {
      this.#read(chunk);
    });
    socket.on('end', () => {
      this.finish();
    });
    socket.on('error', (error) => {
      options.log.debug({ err: error }, 'control connection failed');
    });
    socket.on('close', () => {
      this.#idle?.cancel();
      this.#waiting.length = 0;
      onClosed();
    });
    this.#watchIdle();
  }

  /** No further requests; ends when the one that runs is answered. */
  finish(): void {
    this.#ending = true;
    if (this.#running || this.#waiting.length > 0) return;
    this.#socket.end();
    // A peer that does not close its own half is not waited for.
    this.#idle?.cancel();
    this.#idle = this.#options.timers.after(1000, () => this.#socket.destroy());
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #watchIdle(): void {
    this.#idle?.cancel();
    this.#idle = this.#options.timers.after(this.#options.idleTimeoutMs ?? 60_000, () => {
      if (!this.#running) this.#socket.destroy();
    });
  }

  #read(chunk: Buffer): void {
    if (this.#ending) return;
    this.#watchIdle();
    try {
      this.#waiting.push(...this.#lines.push(chunk));
    } catch (error) {
      this.#rejectFrame(error);
      return;
    }
    if (this.#waiting.length > MAX_WAITING) this.#socket.pause();
    this.#next();
  }

  #next(): void {
    if (this.#running || this.#socket.destroyed) return;
    const line = this.#waiting.shift();
    if (line === undefined) {
      if (this.#ending) this.finish();
      else this.#socket.resume();
      return;
    }
    let request: ControlRequest;
    try {
      request = decodeRequest(line);
    } catch (error) {
      this.#rejectFrame(error);
      return;
    }
    this.#running = true;
    void this.#answer(request).then((response) => {
      this.#running = false;
      this.#write(response);
      this.#watchIdle();
      this.#next();
    });
  }

  /** Never rejects. */
  async #answer({ id, command, args }: ControlRequest): Promise<ControlResponse> {
    const { context, log, timers } = this.#options;
    const timeoutMs = this.#options.commandTimeoutMs ?? 60_000;
    let timer: TimerHandle | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = timers.after(timeoutMs, () => {
        reject(
          new OperatorError(
            'control-timeout',
            `${command} takes longer than ${String(timeoutMs)} ms`,
            'It may still be carried out: look before trying again.',
          ),
        );
      });
    });
    try {
      // Loaded when it is needed: preparing addresses takes tables that a supervisor does not have otherwise.
      const { runCommand } = await import('./commands-table.ts');
      const result = await Promise.race([runCommand(context, command, args), late]);
      // SECURITY: arguments hold passwords and are not logged.
      log.info({ command }, 'administrative command done');
      return { id, ok: true, result };
    } catch (error) {
      return { id, ok: false, error: this.#describe(command, error) };
    } finally {
      timer?.cancel();
    }
  }

  #describe(command: string, error: unknown): { code: string; message: string; hint: string } {
    if (error instanceof OperatorError) {
      this.#options.log.info({ command, code: error.code }, 'administrative command refused');
      return { code: error.code, message: error.message, hint: error.hint };
    }
    this.#options.log.error({ err: error, command }, 'administrative command failed');
    return {
      code: 'internal-error',
      message: `the server failed while it carried out ${command}`,
      hint: 'This is a bug; the log of the server has the details.',
    };
  }

  #write(response: ControlResponse): void {
    if (this.#socket.destroyed) return;
    let frame: string;
    try {
      frame = encodeFrame(response);
    } catch (error) {
      frame = encodeFrame({
        id: response.id,
        ok: false,
        error: this.#describe('the answer', error),
      });
    }
    this.#socket.write(frame);
  }

  #rejectFrame(error: unknown): void {
    this.#waiting.length = 0;
    this.#socket.pause();
    this.#write({ id: 0, ok: false, error: this.#describe('unreadable', error) });
    this.#ending = true;
    if (!this.#running) this.finish();
  }
}

function refuse(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  const message = `more than ${String(MAX_CONNECTIONS)} administrative connections are open`;
  socket.end(
    encodeFrame({
      id: 0,
      ok: false,
      error: { code: 'control-busy', message, hint: 'Wait for the others to end.' },
    }),
    () => socket.destroy(),
  );
}

function pathError(path: string, reason: string, cause?: unknown): OperatorError {
  return new OperatorError(
    'control-path',
    `cannot make the control socket ${path}: ${reason}`,
    'Set `control.socket` to a short path in a directory that belongs to the server.',
    { cause },
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
