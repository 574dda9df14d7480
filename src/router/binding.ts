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
  | { readonly jid: Jid; readonly inline: Bytes }
  | { readonly refused: 'conflict' | 'resource-constraint' | 'no-such-account' };

/** What a resource is bound with besides: see AttachRequest. */
export interface BoundWith {
  readonly device?: string;
  readonly inline?: Bytes;
  readonly temporary?: boolean;
}

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
    { device = '', inline = '' as Bytes, temporary = false }: BoundWith,
    done: (result: Bound) => void,
  ): void {
    const request = this.parts.request();
    this.waiting.set(request, done);
    const wanted = [account.bareBytes, utf8(resource ?? ''), session];
    const extras = [device, temporary ? '1' : '', inline];
    this.parts.send(owner, frame(FRAME.bind, request, ...wanted, ...extras));
  }

  /** At the owner. */
  asked(from: WorkerId, fields: Bytes[], debts: ReceivedDebts, no: number): void {
    const [request, bare, resource, id] = fields as [Bytes, Bytes, Bytes, Bytes];
    // An earlier version does not say.
    const [device = '', temporary = '', inline = '' as Bytes] = fields.slice(4);
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
        device,
        temporary: temporary === '1',
        ...(inline === '' ? {} : { inline }),
      },
      (result) => {
        const answer =
          result.refused === undefined
            ? ['', utf8(result.session.jid.full), result.inline ?? '']
            : [result.refused, '', ''];
        send(from, frame(FRAME.bound, request, ...answer));
        debts.pay(no);
      },
    );
  }

  /** The owner has answered. */
  answered([request, refused, jid, inline]: Bytes[]): void {
    this.end(
      request,
      refused === ''
        ? { jid: parseJid(text(jid as Bytes)), inline: inline ?? ('' as Bytes) }
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
