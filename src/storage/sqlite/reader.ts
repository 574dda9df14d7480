// Readers: a thread with a read-only connection, or one in the caller's turn for the simulation.
import { Worker } from 'node:worker_threads';
import { entryUrl } from '../../util/entry.ts';
import { OperatorError } from '../../util/errors.ts';
import type { Log } from '../../util/log.ts';
import type { QueryDef } from '../storage.ts';
import { openReader } from './database.ts';
import { PageSource } from './page-source.ts';
import { PageReader } from './reads.ts';
import type { PageTransport } from './reads.ts';
import type { Refusal } from './wire.ts';

export interface ReaderThreadOptions {
  readonly path: string;
  readonly queries: readonly QueryDef[];
}

/** What the thread says besides answers, which are bytes. */
export type ReaderMessage = 'ready' | Refusal;

type Soon = (run: () => void) => void;

/** Sends to a thread; starts another one when it died, with the next read. */
class ThreadTransport implements PageTransport {
  readonly #options: ReaderThreadOptions;
  readonly #reader: PageReader;
  readonly #log: Log;
  #worker: Worker | undefined;
  #ended: (() => void) | undefined;
  #closing = false;

  constructor(options: ReaderThreadOptions, reader: PageReader, log: Log) {
    this.#options = options;
    this.#reader = reader;
    this.#log = log;
  }

  /** Starts the thread. @throws OperatorError (rejects) when it cannot serve */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = new Worker(entryUrl('storage/sqlite/reader-thread'), {
        workerData: this.#options,
      });
      this.#worker = worker;
      worker.on('message', (message: ReaderMessage | Uint8Array) => {
        if (message === 'ready') resolve();
        else if (message instanceof Uint8Array) this.#reader.answered(asBuffer(message));
        else reject(new OperatorError(message.code, message.message, message.hint));
      });
      worker.on('error', (error: Error) => {
        this.#log.error({ error: error.stack }, 'the thread that reads the database died');
        reject(error);
      });
      worker.on('exit', () => {
        this.#worker = undefined;
        this.#ended?.();
        if (!this.#closing) this.#reader.failed('the thread that reads the database ended');
      });
    });
  }

  send(request: Buffer): void {
    if (this.#worker === undefined) {
      this.start().catch((error: unknown) => this.#reader.failed(String(error)));
    }
    this.#worker?.postMessage(request, [request.buffer as ArrayBuffer]);
  }

  close(): Promise<void> {
    this.#closing = true;
    const worker = this.#worker;
    if (worker === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#ended = resolve;
      worker.postMessage(undefined);
    });
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A reader in a thread of its own. @throws OperatorError (rejects) when the database or a query does not open */
export async function threadReader(
  options: ReaderThreadOptions,
  soon: Soon,
  log: Log,
): Promise<PageReader> {
  const transports: ThreadTransport[] = [];
  const reader = new PageReader(
    (pages) => {
      const transport = new ThreadTransport(options, pages, log);
      transports.push(transport);
      return transport;
    },
    options.queries,
    soon,
  );
  for (const transport of transports) await transport.start();
  return reader;
}

/** A reader that answers in a later turn of this thread. */
export function inlineReader(options: ReaderThreadOptions, soon: Soon): PageReader {
  const source = new PageSource(openReader(options.path), options.queries);
  return new PageReader(
    (pages) => ({
      send: (request) => soon(() => pages.answered(source.answer(request))),
      close() {
        source.close();
        return Promise.resolve();
      },
    }),
    options.queries,
    soon,
  );
}
