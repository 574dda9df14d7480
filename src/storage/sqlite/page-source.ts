// Pages from a read-only connection: packed requests in, packed answers out.
import type { Statement } from 'better-sqlite3';
import { PackedReader, PackedWriter } from '../packed.ts';
import type { QueryDef, Value } from '../storage.ts';
import { statementError } from './admissions.ts';
import { messageOf } from './database.ts';
import type { Connection } from './database.ts';

/** A page larger than this is a query without a limit. */
export const MAX_PAGE_BYTES = 256 * 1024 * 1024;

/** Before the rows of an answer: how the read went. */
export const PAGE_OK = 0;
export const PAGE_FAILED = 1;

/** Answers requests of the form [u32 count, count x (u32 id, u32 query, u32 parameters, values)]. */
export class PageSource {
  readonly #db: Connection;
  readonly #statements: readonly Statement<unknown[], Value[]>[];
  readonly #pageBytes: readonly (number | undefined)[];
  readonly #input = new PackedReader();
  readonly #output = new PackedWriter(MAX_PAGE_BYTES);

  /** @throws OperatorError `db-statement` */
  constructor(db: Connection, queries: readonly QueryDef[]) {
    this.#db = db;
    this.#pageBytes = queries.map(({ pageBytes }) => pageBytes);
    this.#statements = queries.map(({ name, sql }) => {
      try {
        return db.prepare<unknown[], Value[]>(sql).raw(true);
      } catch (cause) {
        throw statementError(name, cause);
      }
    });
  }

  /** @returns for each request: u32 id, u32 status, then u32 rows, u32 columns and the values, or the message as text */
  answer(request: Buffer): Buffer {
    const input = this.#input;
    input.reset(request, 0);
    for (let left = input.u32(); left > 0; left--) {
      const id = input.u32();
      const query = input.u32();
      const params = new Array<Value>(input.u32());
      for (let i = 0; i < params.length; i++) params[i] = input.value('view');
      this.#page(id, query, params);
    }
    return this.#output.take();
  }

  close(): void {
    this.#db.close();
  }

  #page(id: number, query: number, params: readonly Value[]): void {
    const output = this.#output;
    const start = output.length;
    try {
      const rows = this.#rows(query, params);
      output
        .u32(id)
        .u32(PAGE_OK)
        .u32(rows.length)
        .u32(rows[0]?.length ?? 0);
      for (const row of rows) for (const value of row) output.value(value);
    } catch (error) {
      output.length = start;
      output.u32(id).u32(PAGE_FAILED);
      output.text(messageOf(error));
    }
  }

  #rows(query: number, params: readonly Value[]): Value[][] {
    const statement = this.#statements[query];
    const maxBytes = this.#pageBytes[query];
    if (statement === undefined || maxBytes === undefined) return statement?.all(params) ?? [];
    const rows: Value[][] = [];
    let bytes = 0;
    for (const row of statement.iterate(params)) {
      rows.push(row);
      if (bytes > maxBytes) break;
      for (const value of row) bytes += sizeOf(value);
    }
    return rows;
  }
}

function sizeOf(value: Value): number {
  return typeof value === 'object' || typeof value === 'string' ? (value?.length ?? 0) : 0;
}
