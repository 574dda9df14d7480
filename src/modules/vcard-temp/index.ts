// XEP-0054 (1.3.0): vCards, written by their owner and read by everybody.
import type { IqRequest, Module, ModuleHost } from '../../host/module.ts';
import { NS } from '../../protocol/namespaces.ts';
import { StanzaError } from '../../protocol/stanza-error.ts';
import type { Bytes } from '../../xml/bytes.ts';
import { element } from '../../xml/writer.ts';
import { DEFAULT_LIMITS, type VcardLimits } from './limits.ts';
import { searchFields } from './search-fields.ts';
import { VCARD_REMOVALS, VCARD_SCHEMA, VcardStore } from './vcard-store.ts';

/** No account has it: for those that do not exist the same read is made. */
const NOBODY = 0;

export const vcardTemp: Module = {
  declaration: {
    name: 'vcard-temp',
    summary: 'Keeps the vCards of accounts and shows them to everybody.',
    xeps: [{ spec: 'XEP-0054', version: '1.3.0', status: 'complete' }],
    features: { host: [NS.vcardTemp], account: [NS.vcardTemp] },
    options: async () => (await import('./options.ts')).OPTIONS,
    stores: VCARD_SCHEMA,
    removals: VCARD_REMOVALS,
  },
  setup(host: ModuleHost): void {
    const limits = { ...DEFAULT_LIMITS, ...(host.options as Partial<VcardLimits> | undefined) };
    const store = new VcardStore(host.storage);
    host.iq('account', NS.vcardTemp, 'vCard', (request) => {
      if (request.type === 'get') return get(host, store, request);
      set(store, limits, request);
      return undefined;
    });
  },
};

async function get(host: ModuleHost, store: VcardStore, request: IqRequest): Promise<Bytes> {
  // SECURITY: XEP-0054 §3.3: no vCard and no account are told alike, and take as long.
  const rows = await host.read(store.get, [request.account?.owner ?? NOBODY]);
  const vcard = rows[0]?.[0];
  if (vcard === undefined) throw new StanzaError('item-not-found');
  return vcard as Bytes;
}

function set(store: VcardStore, limits: VcardLimits, request: IqRequest): void {
  const { account, payload } = request;
  // XEP-0054 §3.2: of somebody else's; and the same where there is nobody (§3.3).
  if (account === undefined || !request.own) throw new StanzaError('forbidden');
  const bytes = element(payload, NS.client);
  if (bytes.length > limits.maxBytes) {
    throw new StanzaError(
      'policy-violation',
      'modify',
      `A vCard can have at most ${limits.maxBytes.toString()} bytes.`,
    );
  }
  if (payload.children.length === 0) {
    // An empty one is none: it reads as if it had never been there (XEP-0054 §3.1).
    request.write(store.forget, account.owner);
    return;
  }
  const { listed, shown, keys } = searchFields(payload);
  request.write(
    store.put,
    account.owner,
    Buffer.from(bytes, 'latin1'),
    listed ? 1 : 0,
    JSON.stringify(shown),
    ...keys,
  );
}
