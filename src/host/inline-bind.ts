// What modules do in the turn in which a resource is bound: the inline features of XEP-0386 (v1.1.0) §4.
import type { Element } from '../xml/element.ts';
import type { Log } from '../util/log.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Stanza } from '../xml/stanza.ts';
import type { AccountView, SessionView } from './views.ts';

/**
 * Takes one child of `<bind/>`. Runs at the account's owner, right after `session.attached`; a client may send it twice.
 * @returns a complete element for `<bound/>`, if there is an answer
 */
export type InlineBind = (
  request: Element,
  account: AccountView,
  session: SessionView,
) => Bytes | undefined;

/** Adds to every `<bound/>`. @returns a complete element, if there is something to say */
export type BoundAddition = (account: AccountView, session: SessionView) => Bytes | undefined;

export class InlineBinds {
  private readonly log: Log;
  private readonly handlers = new Map<string, InlineBind>();
  private additions: readonly BoundAddition[] = [];

  constructor(log: Log) {
    this.log = log;
  }

  /** @returns false: another module takes that namespace */
  add(ns: string, handler: InlineBind): boolean {
    if (this.handlers.has(ns)) return false;
    this.handlers.set(ns, handler);
    return true;
  }

  remove(ns: string): void {
    this.handlers.delete(ns);
  }

  addAddition(addition: BoundAddition): void {
    this.additions = [...this.additions, addition];
  }

  removeAddition(addition: BoundAddition): void {
    this.additions = this.additions.filter((other) => other !== addition);
  }

  /** Children of that namespace are taken here. */
  takes(ns: string): boolean {
    return this.handlers.has(ns);
  }

  /** @param bind the client's `<bind/>`. @returns children of `<bound/>` */
  run(bind: Stanza, account: AccountView, session: SessionView): Bytes {
    let out = '';
    for (const child of bind.children) {
      const handler = this.handlers.get(child.ns);
      if (handler === undefined) continue;
      out += this.guarded(() => handler(bind.childElement(child), account, session));
    }
    for (const addition of this.additions) out += this.guarded(() => addition(account, session));
    return out as Bytes;
  }

  /** A module that throws costs its answer, and nobody a log-in. */
  private guarded(call: () => Bytes | undefined): string {
    try {
      return call() ?? '';
    } catch (error) {
      this.log.error(
        { err: error },
        'a module threw while a resource was bound. This is a bug of that module; the log-in went on.',
      );
      return '';
    }
  }
}
