// The command line's end of the control socket.
import { createConnection, type Socket } from 'node:net';
import type { TimerHandle, Timers } from '../util/clock.ts';
import { OperatorError } from '../util/errors.ts';
import type { CommandArgs, CommandName, CommandResult } from './commands-table.ts';
import {
  decodeResponse,
  encodeFrame,
  LineReader,
  type ControlResponse,
} from './control-protocol.ts';

/** A connection to a running server. Requests are answered in the order in which they are made. */
export interface ControlClient {
  /** @throws OperatorError: what the command says, `control-timeout`, `control-broken` */
  call<N extends CommandName>(name: N, args: CommandArgs): Promise<CommandResult<N>>;
  close(): void;
}

interface Waiting {
  readonly resolve: (response: ControlResponse) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: TimerHandle;
}

/** @throws OperatorError `server-not-running`, `control-denied` */
export async function connectControl(
  path: string,
  timers: Timers,
  timeoutMs = 65_000,
): Promise<ControlClient> {
  return new SocketControlClient(await connectSocket(path), timers, timeoutMs);
}

class SocketControlClient implements ControlClient {
  readonly #socket: Socket;
  readonly #timers: Timers;
  readonly #timeoutMs: number;
  readonly #lines = new LineReader();
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(socket: Socket, timers: Timers, timeoutMs: number) {
    this.#socket = socket;
    this.#timers = timers;
    this.#timeoutMs = timeoutMs;
    socket.on('data', (chunk: Buffer) => {
      this.#read(chunk);
    });
    socket.on('error', (error) => {
      this.#fail(brokenError(error));
    });
    socket.on('close', () => {
      this.#fail(brokenError(undefined));
    });
  }

  async call<N extends CommandName>(name: N, args: CommandArgs): Promise<CommandResult<N>> {
    const id = (this.#lastId += 1);
    const frame = encodeFrame({ id, command: name, args });
    const response = await new Promise<ControlResponse>((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(brokenError(undefined));
        return;
      }
      const timer = this.#timers.after(this.#timeoutMs, () => {
        this.#socket.destroy();
        this.#fail(timeoutError(name, this.#timeoutMs));
      });
      this.#waiting.set(id, { resolve, reject, timer });
      this.#socket.write(frame);
    });
    if (response.ok) return response.result as CommandResult<N>;
    const { code, message, hint } = response.error;
    throw new OperatorError(code, message, hint);
  }

  close(): void {
    this.#socket.end();
    this.#socket.unref();
  }

  #read(chunk: Buffer): void {
    try {
      for (const line of this.#lines.push(chunk)) this.#take(decodeResponse(line));
    } catch (error) {
      this.#socket.destroy();
      this.#fail(error);
    }
  }

  #take(response: ControlResponse): void {
    const waiting = this.#waiting.get(response.id);
    if (waiting !== undefined) {
      this.#waiting.delete(response.id);
      waiting.timer.cancel();
      waiting.resolve(response);
    } else if (!response.ok) {
      // Number 0: the connection itself was refused.
      const { code, message, hint } = response.error;
      this.#fail(new OperatorError(code, message, hint));
    }
  }

  #fail(error: unknown): void {
    for (const waiting of this.#waiting.values()) {
      waiting.timer.cancel();
      waiting.reject(error);
    }
    this.#waiting.clear();
  }
}

/** @throws OperatorError `server-not-running` when nobody listens, `control-denied`, `control-broken` */
export function connectSocket(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once('error', (error: NodeJS.ErrnoException) => {
      reject(connectError(path, error));
    });
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

function connectError(path: string, error: NodeJS.ErrnoException): OperatorError {
  switch (error.code) {
    // ENOTDIR and ENOTSOCK: the path means something else, so no server is there either.
    case 'ENOENT':
    case 'ECONNREFUSED':
    case 'ENOTDIR':
    case 'ENOTSOCK':
      return new OperatorError(
        'server-not-running',
        `no server answers on ${path}`,
        'Start it with `xmppd start`, or name its configuration with --config.',
        { cause: error },
      );
    case 'EACCES':
    case 'EPERM':
      return new OperatorError(
        'control-denied',
        `the control socket ${path} belongs to another user`,
        'Run the command as the user the server runs as, or as root.',
        { cause: error },
      );
    default:
      return brokenError(error);
  }
}

function brokenError(cause: Error | undefined): OperatorError {
  return new OperatorError(
    'control-broken',
    `the connection to the server ended before its answer${cause === undefined ? '' : `: ${cause.message}`}`,
    'The command may have been carried out: look before trying again.',
    { cause },
  );
}

function timeoutError(name: string, timeoutMs: number): OperatorError {
  return new OperatorError(
    'control-timeout',
    `the server did not answer ${name} within ${String(timeoutMs)} ms`,
    'It may be busy or hanging; look at its log and try again.',
  );
}
