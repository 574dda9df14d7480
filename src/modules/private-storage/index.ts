// XEP-0049 (1.2): XML that clients keep for themselves, such as bookmarks and settings.
import type { Element } from '../../xml/element.ts';
import type { IqRequest, Module, ModuleHost } from '../../host/module.ts';
import type { AccountView } from '../../host/views.ts';
import { NS } from '../../protocol/namespaces.ts';
import { StanzaError } from '../../protocol/stanza-error.ts';
import type { Bytes } from '../../xml/bytes.ts';
import { element } from '../../xml/writer.ts';
import { XmlWriteError } from '../../xml/errors.ts';
import { DEFAULT_LIMITS, type PrivateLimits } from './limits.ts';
import { PRIVATE_REMOVALS, PRIVATE_SCHEMA, PrivateStore } from './private-store.ts';

export const privateStorage: Module = {
  declaration: {
    name: 'private-storage',
    summary: 'Keeps XML of clients, such as bookmarks and settings.',
    xeps: [{ spec: 'XEP-0049', version: '1.2', status: 'complete' }],
    features: { host: [NS.privateStorage], account: [NS.privateStorage] },
    options: async () => (await import('./options.ts')).OPTIONS,
    stores: PRIVATE_SCHEMA,
    removals: PRIVATE_REMOVALS,
  },
  setup(host: ModuleHost): void {
    const given = host.options as Partial<PrivateLimits> | undefined;
    const service = new PrivateStorage(host, { ...DEFAULT_LIMITS, ...given });
    host.iq('account', NS.privateStorage, 'query', (request) => service.answer(request));
  },
};

interface Item {
  readonly ns: string;
  readonly name: string;
  readonly bytes: Bytes;
}

class PrivateStorage {
  private readonly host: ModuleHost;
  private readonly limits: PrivateLimits;
  private readonly store: PrivateStore;

  constructor(host: ModuleHost, limits: PrivateLimits) {
    this.host = host;
    this.limits = limits;
    this.store = new PrivateStore(host.storage);
  }

  answer(request: IqRequest): Promise<Bytes | undefined> {
    const { account, payload } = request;
    if (account === undefined || !request.own) {
      // XEP-0049 §4 allows both; this one is told of accounts that do not exist too (RFC 6121 §8.5.1).
      throw request.unknown();
    }
    const children = payload.children.filter(
      (child): child is Element => typeof child === 'object',
    );
    if (request.type === 'get') return this.get(account, children);
    return this.set(request, account, children);
  }

  private async get(account: AccountView, children: readonly Element[]): Promise<Bytes> {
    const [wanted] = children;
    // XEP-0049 §3: one namespace, and one element is how it is named.
    if (wanted === undefined || children.length !== 1) {
      throw new StanzaError('bad-request', 'modify', 'Ask for exactly one element.');
    }
    const { ns, name, bytes: empty } = this.item(wanted);
    const rows = await this.host.read(this.store.get, [account.owner, ns, name]);
    // XEP-0049 §3: of what was never kept, the empty element comes back.
    const kept = rows[0]?.[0] ?? empty;
    return `<query xmlns='${NS.privateStorage}'>${kept as Bytes}</query>` as Bytes;
  }

  private async set(
    request: IqRequest,
    account: AccountView,
    children: readonly Element[],
  ): Promise<undefined> {
    // XEP-0049 §3: at least one element, else "not acceptable".
    if (children.length === 0) throw new StanzaError('not-acceptable');
    const items = children.map((child) => this.item(child));
    const before = await this.host.read(this.store.sizes, [account.owner]);
    this.checkQuota(before, items);
    // One who keeps an element twice in a request has the last one kept.
    for (const { ns, name, bytes } of items) {
      request.write(this.store.put, account.owner, ns, name, Buffer.from(bytes, 'latin1'));
    }
    return undefined;
  }

  private checkQuota(before: readonly (readonly unknown[])[], items: readonly Item[]): void {
    const { maxBytes, maxItems } = this.limits;
    const sizes = new Map(before.map(([ns, name, size]) => [key(ns, name), size as number]));
    let total = 0;
    for (const size of sizes.values()) total += size;
    const was = { bytes: total, items: sizes.size };
    for (const { ns, name, bytes } of items) {
      total += bytes.length - (sizes.get(key(ns, name)) ?? 0);
      sizes.set(key(ns, name), bytes.length);
    }
    // Whoever makes less of it may always do so, whatever the quota has become.
    if (total > maxBytes && total > was.bytes) {
      throw new StanzaError(
        'policy-violation',
        'modify',
        `All together may have at most ${maxBytes.toString()} bytes.`,
      );
    }
    if (sizes.size > maxItems && sizes.size > was.items) {
      throw new StanzaError(
        'policy-violation',
        'modify',
        `At most ${maxItems.toString()} elements are kept.`,
      );
    }
  }

  /** @throws StanzaError for what cannot stand on its own */
  private item(child: Element): Item {
    const ns = child.getNS();
    // XEP-0049 §3: a namespace of its own; §4: not a reserved one, and certainly not the wrapper's.
    if (ns === undefined || ns === '' || ns === NS.privateStorage || ns === NS.client) {
      throw new StanzaError(
        'not-acceptable',
        'modify',
        'The element needs a namespace of its own.',
      );
    }
    try {
      return { ns, name: child.name, bytes: element(child, NS.privateStorage) };
    } catch (error) {
      if (!(error instanceof XmlWriteError)) throw error;
      throw new StanzaError(
        'bad-request',
        'modify',
        'The element cannot be kept as it is written.',
      );
    }
  }
}

function key(ns: unknown, name: unknown): string {
  return `${String(name)} ${String(ns)}`;
}
