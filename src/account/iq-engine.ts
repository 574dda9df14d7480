// Requests that the server answers: at a host's address or at an account's bare JID (RFC 6121 §8.5.2.1.3).
import type { Element } from '../xml/element.ts';
import type { IqHandler, IqRequest, IqTarget } from '../host/module.ts';
import type { AccountView, BacklogItem, Reference, SessionView } from '../host/views.ts';
import type { Jid } from '../protocol/jid.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import type { Debtor } from '../session/ledger.ts';
import {
  StorageError,
  type StatementId,
  type StorageFailure,
  type Unit,
  type Value,
} from '../storage/storage.ts';
import type { Timers } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { Account } from './account.ts';
import type { Commits, Settler } from './commits.ts';
import { inTime } from './in-time.ts';
import type { Outlet } from './outlet.ts';
import { errorBytes, resultBytes } from '../protocol/replies.ts';

/** Handlers that take their time (archive pages); one more than this for a requester is refused until one is done. */
const MAX_SLOW_REQUESTS = 16;
/** The same for all sessions of an account. */
const MAX_SLOW_OF_ACCOUNT = 64;

/** A promised answer comes within this time, or the requester gets an error. */
const ANSWER_MS = 30_000;

interface Answerer {
  readonly handler: IqHandler;
  readonly module: string;
}

/** All iq handlers, by where they are asked and the request's child. */
export class IqHandlers {
  private readonly handlers = new Map<string, Answerer>();

  /** @returns false when the place is taken */
  add(target: IqTarget, ns: string, name: string, handler: IqHandler, module: string): boolean {
    const key = `${target} ${ns} ${name}`;
    if (this.handlers.has(key)) return false;
    this.handlers.set(key, { handler, module });
    return true;
  }

  remove(target: IqTarget, ns: string, name: string): void {
    this.handlers.delete(`${target} ${ns} ${name}`);
  }

  find(target: IqTarget, ns: string, name: string): Answerer | undefined {
    return this.handlers.get(`${target} ${ns} ${name}`);
  }
}

class Request implements IqRequest, Settler {
  readonly stanza: Stanza;
  readonly type: 'get' | 'set';
  readonly from: Jid;
  readonly to: Jid;
  readonly account: AccountView | undefined;
  readonly session: SessionView | undefined;
  private readonly engine: IqEngine;
  readonly debtor: Debtor | undefined;
  unit: Unit | undefined;
  private pushes: { session: SessionView; stanza: Bytes }[] | undefined;
  private results: BacklogItem[] | undefined;
  private runs: (() => void)[] | undefined;
  private content: Bytes | undefined;

  constructor(
    engine: IqEngine,
    stanza: Stanza,
    from: Jid,
    to: Jid,
    account: AccountView | undefined,
    session: SessionView | undefined,
    debtor: Debtor | undefined,
  ) {
    this.engine = engine;
    this.stanza = stanza;
    this.type = stanza.type === 'set' ? 'set' : 'get';
    this.from = from;
    this.to = to;
    this.account = account;
    this.session = session;
    this.debtor = debtor;
  }

  get payload(): Element {
    return this.stanza.firstChildElement() as Element;
  }

  get own(): boolean {
    return this.account !== undefined && this.account.jid.bare === this.from.bare;
  }

  unknown(): StanzaError {
    return new StanzaError('service-unavailable');
  }

  write(statement: StatementId, ...params: Value[]): void {
    (this.unit ??= this.engine.newUnit()).add(statement, ...params);
  }

  push(session: SessionView, stanza: Bytes): void {
    (this.pushes ??= []).push({ session, stanza });
  }

  before(stanza: Bytes, reference: Reference = 0): void {
    (this.results ??= []).push({ stanza, reference });
  }

  committed(run: () => void): void {
    (this.runs ??= []).push(run);
  }

  /** The handler is done: answer now, or after the unit is on disk. */
  finish(content: Bytes | undefined, n: number): void {
    this.content = content;
    if (this.unit === undefined) {
      this.answer();
      return;
    }
    this.engine.submit(this, n);
    this.debtor?.owe(n);
  }

  settled(n: number, failure: StorageFailure | undefined): void {
    try {
      if (failure === undefined) this.answer();
      else
        this.engine.fail(
          this,
          new StanzaError('resource-constraint', 'wait', 'The change could not be stored.'),
        );
    } finally {
      this.debtor?.pay(n);
    }
  }

  private answer(): void {
    for (const run of this.runs ?? []) this.engine.guard(this, run);
    for (const { stanza, reference } of this.results ?? [])
      this.engine.deliver(this, stanza, reference);
    // RFC 6121 §2.6.3: what answers a request comes before the pushes that complete it. §2.4.2, §2.5.2: a change is
    // pushed before its result, so that a client that has the result has seen what came of it.
    const isChange = this.type === 'set';
    if (!isChange) this.engine.reply(this, this.content);
    for (const { session, stanza } of this.pushes ?? []) session.deliver(stanza);
    if (isChange) this.engine.reply(this, this.content);
  }
}

export class IqEngine {
  private readonly handlers: IqHandlers;
  private readonly commits: Commits;
  private readonly outlet: Outlet;
  private readonly timers: Timers;
  private readonly log: Log;
  /** Requests under way whose handler is slow, by full and by bare address of the requester. */
  private readonly slow = new Map<string, number>();
  /** Handlers that have answered with a promise: what they begin costs a read, so it is refused before it begins. */
  private readonly slowHandlers = new WeakSet<IqHandler>();

  constructor(handlers: IqHandlers, commits: Commits, outlet: Outlet, timers: Timers, log: Log) {
    this.timers = timers;
    this.handlers = handlers;
    this.commits = commits;
    this.outlet = outlet;
    this.log = log;
  }

  /**
   * Answers a request of type get or set.
   * @param account whose address is asked, for target account
   * @param session the requester's session if it belongs to an account of this worker
   */
  answer(
    target: IqTarget,
    stanza: Stanza,
    from: Jid,
    to: Jid,
    account: Account | undefined,
    session: SessionView | undefined,
    debtor: Debtor | undefined,
    n: number,
  ): void {
    const request = new Request(this, stanza, from, to, account, session, debtor);
    const child = stanza.children[0];
    // RFC 6120 §8.2.3: a request has exactly one child.
    if (child === undefined || stanza.children.length !== 1) {
      this.fail(
        request,
        new StanzaError('bad-request', 'modify', 'A request has exactly one child element.'),
      );
      return;
    }
    const answerer = this.handlers.find(target, child.ns, child.name);
    if (answerer === undefined) {
      // RFC 6120 §8.4: a namespace that is not understood.
      this.fail(request, new StanzaError('service-unavailable'));
      return;
    }
    const { handler, module } = answerer;
    try {
      this.checkPace(handler, from);
      const content = handler(request);
      if (content instanceof Promise) {
        this.slowHandlers.add(handler);
        this.wait(request, content, module, n);
      } else request.finish(content, n);
    } catch (error) {
      this.fail(request, this.asStanzaError(error, child.ns, stanza));
    }
  }

  newUnit(): Unit {
    return this.commits.storage.unit();
  }

  /** @throws StanzaError when the storage refuses */
  submit(request: Request, n: number): void {
    try {
      this.commits.submit(request.unit as Unit, request.account?.owner ?? 0, request, n);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      throw new StanzaError('resource-constraint', 'wait', 'The change could not be stored.');
    }
  }

  reply(request: Request, content: Bytes | undefined): void {
    this.send(request, resultBytes(request.stanza, request.to, request.from, content));
  }

  fail(request: Request, error: StanzaError): void {
    this.send(request, errorBytes(request.stanza, request.to, request.from, error));
  }

  /** Runs what a handler left for after the commit: it throws for itself alone. */
  guard(request: Request, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.log.error(
        { err: error, ns: request.stanza.children[0]?.ns, id: request.stanza.id },
        'what an iq handler left for after the commit threw. This is a bug of its module.',
      );
    }
  }

  /** A complete stanza for the requester. */
  deliver(request: Request, stanza: Bytes, reference: Reference): void {
    if (request.session === undefined) this.send(request, stanza);
    else request.session.deliver(stanza, reference);
  }

  /** To the requester: straight into its queue, or by the router when it is somebody else's. */
  private send(request: Request, reply: Bytes): void {
    if (request.session === undefined) this.outlet.send(reply, request.to, request.from);
    else request.session.deliver(reply);
  }

  /** @throws StanzaError */
  private checkPace(handler: IqHandler, from: Jid): void {
    if (!this.slowHandlers.has(handler)) return;
    // SECURITY: bounded for each requester; nothing was read or noted for what is refused here.
    const ofSession = this.slow.get(from.full) ?? 0;
    const ofAccount = this.slow.get(from.bare) ?? 0;
    if (ofSession < MAX_SLOW_REQUESTS && ofAccount < MAX_SLOW_OF_ACCOUNT) return;
    throw new StanzaError('resource-constraint', 'wait', 'Too many requests at once.');
  }

  private wait(
    request: Request,
    content: Promise<Bytes | undefined>,
    module: string,
    n: number,
  ): void {
    const { full, bare } = request.from;
    const { ns } = request.stanza.children[0]!;
    this.countSlow(full, 1);
    if (bare !== full) this.countSlow(bare, 1);
    request.debtor?.owe(n);
    const over = (act: () => void): void => {
      try {
        act();
      } catch (error) {
        this.fail(request, this.asStanzaError(error, ns, request.stanza));
      } finally {
        this.countSlow(full, -1);
        if (bare !== full) this.countSlow(bare, -1);
        request.debtor?.pay(n);
      }
    };
    inTime(this.timers, ANSWER_MS, content, {
      done: (result) => {
        over(() => request.finish(result, n));
      },
      failed: (error) => {
        over(() => this.fail(request, this.asStanzaError(error, ns, request.stanza)));
      },
      late: () => {
        this.log.error(
          { module, ns, id: request.stanza.id, limitMs: ANSWER_MS },
          'a promised answer did not come in time; an error was answered.',
        );
        over(() => this.fail(request, new StanzaError('internal-server-error', 'wait')));
      },
    });
  }

  private countSlow(address: string, change: 1 | -1): void {
    const count = (this.slow.get(address) ?? 0) + change;
    if (count > 0) this.slow.set(address, count);
    else this.slow.delete(address);
  }

  private asStanzaError(error: unknown, ns: string, stanza: Stanza): StanzaError {
    if (error instanceof StanzaError) return error;
    if (error instanceof StorageError) return new StanzaError('resource-constraint', 'wait');
    this.log.error(
      { err: error, ns, id: stanza.id },
      'an iq handler threw. This is a bug of its module.',
    );
    return new StanzaError('internal-server-error');
  }
}
