// Resources of accounts that another worker owns: asked for here, given there. RFC 6120 §7.
import type { Accounts } from '../account/accounts.ts';
import type { WorkerId } from '../placement/placement.ts';
import { parseJid, type Jid } from '../protocol/jid.ts';
import { text, utf8, type Bytes } from '../xml/bytes.ts';
import { FRAME, frame } from './frames.ts';
import type { ReceivedDebts } from './link-debts.ts';
import { RemotePort, type SendFrame } from './remote-home.ts';

export interface BindingParts {
  readonly accounts: Accounts;
  readonly send: SendFrame;
  readonly request: () => string;
}

export type Bound =
  | { readonly jid: Jid }
  | { readonly refused: 'conflict' | 'resource-constraint' | 'no-such-account' };

export class Binding {
  private readonly parts: BindingParts;
  private readonly waiting = new Map<string, (result: Bound) => void>();

  constructor(parts: BindingParts) {
    this.parts = parts;
  }

  /** Asks the owner of an account for a resource. */
  ask(
    owner: WorkerId,
    account: Jid,
    resource: string | undefined,
    session: number,
    done: (result: Bound) => void,
  ): void {
    const request = this.parts.request();
    this.waiting.set(request, done);
    const fields = [request, account.bareBytes, utf8(resource ?? ''), session];
    this.parts.send(owner, frame(FRAME.bind, ...fields));
  }

  /** At the owner. */
  asked(from: WorkerId, fields: Bytes[], debts: ReceivedDebts, no: number): void {
    const [request, bare, resource, id] = fields as [Bytes, Bytes, Bytes, Bytes];
    const { accounts, send } = this.parts;
    // Open until answered: if this worker dies before, the request comes again to the next one.
    debts.owe(no);
    accounts.attach(
      {
        jid: parseJid(text(bare)),
        resource: resource === '' ? undefined : text(resource),
        id: Number(id),
        worker: from,
        port: new RemotePort(from, Number(id), send),
      },
      (result) => {
        const answer =
          result.refused === undefined ? ['', utf8(result.session.jid.full)] : [result.refused, ''];
        send(from, frame(FRAME.bound, request, ...answer));
        debts.pay(no);
      },
    );
  }

  /** The owner has answered. */
  answered([request, refused, jid]: Bytes[]): void {
    this.end(
      request,
      refused === ''
        ? { jid: parseJid(text(jid as Bytes)) }
        : { refused: refused as string as 'conflict' },
    );
  }

  /** The question reached nobody. */
  dropped(request: string | undefined): void {
    this.end(request, { refused: 'resource-constraint' });
  }

  private end(request: string | undefined, result: Bound): void {
    const done = this.waiting.get(request ?? '');
    this.waiting.delete(request ?? '');
    done?.(result);
  }
}
