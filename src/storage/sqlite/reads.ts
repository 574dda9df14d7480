// The asking side of reads: calls of one tick go as one message, pages come back packed and are unpacked here.
import { PackedReader, PackedWriter } from '../packed.ts';
import { StorageError } from '../storage.ts';
import type { QueryDef, Row, Value } from '../storage.ts';
import { MAX_PAGE_BYTES, PAGE_OK } from './page-source.ts';

/** Where packed requests go; answers come back through `PageReader.answered`. */
export interface PageTransport {
  send(request: Buffer): void;
  /** Resolves when the connection is closed; answers under way come first. */
  close(): Promise<void>;
}

interface Waiting {
  readonly bytes: boolean;
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: StorageError) => void;
}

export class PageReader {
  /** Reads asked so far. */
  reads = 0;
  readonly #transport: PageTransport;
  readonly #queries: readonly QueryDef[];
  readonly #soon: (run: () => void) => void;
  readonly #waiting = new Map<number, Waiting>();
  readonly #request = new PackedWriter(MAX_PAGE_BYTES);
  readonly #input = new PackedReader();
  #requests = 0;

  /** @param transport is given the function that takes its answers */
  constructor(
    transport: (reader: PageReader) => PageTransport,
    queries: readonly QueryDef[],
    soon: (run: () => void) => void,
  ) {
    this.#queries = queries;
    this.#soon = soon;
    this.#transport = transport(this);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  read(query: number, params: readonly Value[]): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      const id = ++this.reads >>> 0;
      this.#encode(id, query, params);
      const bytes = this.#queries[query]?.bytes === true;
      this.#waiting.set(id, { bytes, resolve, reject });
    });
  }

  /** Takes the answers to one or more requests. */
  answered(answer: Buffer): void {
    const input = this.#input;
    input.reset(answer, 0);
    while (input.at < answer.length) {
      const waiting = this.#take(input.u32());
      if (input.u32() === PAGE_OK) {
        const rows = this.#rows(waiting?.bytes === true);
        waiting?.resolve(rows);
      } else {
        waiting?.reject(new StorageError('query', input.value('own') as string));
      }
    }
  }

  /** The reader is gone: what it had not answered is refused. */
  failed(message: string): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new StorageError('query', message));
  }

  close(): Promise<void> {
    this.#flush();
    return this.#transport.close();
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  /** @throws InvariantError for a value that SQL does not have; the request is as before then */
  #encode(id: number, query: number, params: readonly Value[]): void {
    const request = this.#request;
    if (this.#requests === 0) {
      // The count, known when the request goes.
      request.clear();
      request.u32(0);
    }
    const before = request.length;
    try {
      request.u32(id).u32(query).u32(params.length);
      for (const value of params) request.value(value);
    } catch (error) {
      request.length = before;
      throw error;
    }
    if (this.#requests++ === 0) this.#soon(() => this.#flush());
  }

  #flush(): void {
    if (this.#requests === 0) return;
    const request = this.#request.take();
    request.writeUInt32LE(this.#requests, 0);
    this.#requests = 0;
    this.#transport.send(request);
  }

  #rows(bytes: boolean): Row[] {
    const input = this.#input;
    const rows = new Array<Row>(input.u32());
    const columns = input.u32();
    const form = bytes ? 'bytes' : 'own';
    for (let r = 0; r < rows.length; r++) {
      const row = new Array<Value>(columns);
      for (let c = 0; c < columns; c++) row[c] = input.value(form);
      rows[r] = row;
    }
    return rows;
  }
}
