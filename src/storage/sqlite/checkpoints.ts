// Who runs the checkpointer: a thread of its own, or the caller's turn in the simulation.
import { Worker } from 'node:worker_threads';
import { entryUrl } from '../../util/entry.ts';
import type { Checkpointer, CheckpointReport } from './checkpointer.ts';
import type { Synchronous } from './database.ts';

export interface CheckpointThreadOptions {
  readonly path: string;
  readonly synchronous: Synchronous;
}

/** What the thread sends back. */
export type CheckpointMessage = CheckpointReport | { readonly error: string };

/** Where the server leaves the log's care. */
export interface Checkpoints {
  /** There were commits since the last call. Cheap; the report comes later, or never if one is under way. */
  poke(): void;
  /** Ends it; a checkpoint under way is finished first. */
  close(): void;
}

export type CheckpointListener = (message: CheckpointMessage) => void;

/** Started with the first poke: a server without writes has no such thread. */
export class ThreadCheckpoints implements Checkpoints {
  readonly #options: CheckpointThreadOptions;
  readonly #listener: CheckpointListener;
  #worker: Worker | undefined;
  #looking = false;
  #closed = false;

  constructor(options: CheckpointThreadOptions, listener: CheckpointListener) {
    this.#options = options;
    this.#listener = listener;
  }

  poke(): void {
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    this.#worker ??= this.#start();
    this.#worker.postMessage('look');
  }

  close(): void {
    this.#closed = true;
    // The last connection that closes moves the whole log into the database: the process waits for it.
    this.#worker?.ref();
    this.#worker?.postMessage('close');
  }

  #start(): Worker {
    const worker = new Worker(entryUrl('storage/sqlite/checkpoint-thread'), {
      workerData: this.#options,
      resourceLimits: { maxYoungGenerationSizeMb: 1 },
    });
    worker.unref();
    worker.on('message', (message: CheckpointMessage) => {
      this.#looking = false;
      this.#listener(message);
    });
    worker.on('error', (error: Error) => this.#listener({ error: error.message }));
    worker.on('exit', () => {
      this.#worker = undefined;
      this.#looking = false;
    });
    return worker;
  }
}

/** Looks at once, in the caller's turn. */
export class InlineCheckpoints implements Checkpoints {
  readonly #checkpointer: Checkpointer;
  readonly #listener: CheckpointListener;

  constructor(checkpointer: Checkpointer, listener: CheckpointListener) {
    this.#checkpointer = checkpointer;
    this.#listener = listener;
  }

  poke(): void {
    this.#listener(this.#checkpointer.look());
  }

  close(): void {
    this.#checkpointer.close();
  }
}
