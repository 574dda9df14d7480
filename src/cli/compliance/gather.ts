// Asks the server what the rules are about, as a client that has just logged in.
import { NS } from '../../protocol/namespaces.ts';
import type { Timers } from '../../util/clock.ts';
import type { Element } from '../../xml/element.ts';
import { CheckClient, type Address } from './client.ts';
import type { Entity, ExternalService, Facts } from './facts.ts';

const MAX_ITEMS = 50;
/** Requests whose answer alone tells whether a feature is there. */
const ASKED: readonly (readonly [string, string])[] = [
  [NS.roster, `<query xmlns='${NS.roster}'/>`],
  [NS.privateStorage, `<query xmlns='${NS.privateStorage}'><x xmlns='xmppd:check'/></query>`],
];

export interface Account {
  readonly local: string;
  readonly domain: string;
  readonly password: string;
}

function elementsOf(parent: Element | undefined): readonly Element[] {
  return (parent?.children ?? []).filter((child): child is Element => typeof child !== 'string');
}

function namesOf(features: Element): ReadonlySet<string> {
  return new Set(elementsOf(features).map((child) => `${child.getName()} ${child.getNS() ?? ''}`));
}

/** Empty where the answer was an error. */
function entityOf(answer: Element | undefined): Entity {
  const query = answer?.getChild('query', NS.discoInfo);
  const fields = new Map<string, readonly string[]>();
  for (const form of query?.getChildren('x', NS.dataForms) ?? [])
    for (const field of form.getChildren('field', NS.dataForms))
      fields.set(
        String(field.attrs['var']),
        field.getChildren('value', NS.dataForms).map((value) => value.getText()),
      );
  const identities = query?.getChildren('identity', NS.discoInfo) ?? [];
  const features = query?.getChildren('feature', NS.discoInfo) ?? [];
  return {
    identities: new Set(
      identities.map(({ attrs }) => `${String(attrs['category'])}/${String(attrs['type'])}`),
    ),
    features: new Set(features.map(({ attrs }) => String(attrs['var']))),
    fields,
  };
}

function serviceOf({ attrs }: Element): ExternalService {
  const value = (name: string): string => attrs[name] ?? '';
  return {
    type: value('type'),
    host: value('host'),
    port: value('port'),
    transport: value('transport'),
    hasCredentials: value('username') !== '' && value('password') !== '',
  };
}

/**
 * @param listeners kinds of all listeners
 * @throws OperatorError `check-failed`
 */
export async function gather(
  address: Address,
  listeners: ReadonlySet<string>,
  account: Account,
  timers: Timers,
): Promise<Facts> {
  const { domain } = account;
  const client = await CheckClient.connect(domain, address, timers);
  try {
    let before = await client.features();
    if (!client.encrypted && before.getChild('starttls', NS.tls) !== undefined) {
      await client.startTls();
      before = await client.features();
    }
    await client.logIn(before, account.local, account.password);
    const after = await client.features();
    await client.bind();

    const info = async (to: string): Promise<Entity> =>
      entityOf(await client.iq(to, 'get', `<query xmlns='${NS.discoInfo}'/>`));
    const list = await client.iq(domain, 'get', `<query xmlns='${NS.discoItems}'/>`);
    const items: Entity[] = [];
    for (const { attrs } of (
      list?.getChild('query', NS.discoItems)?.getChildren('item', NS.discoItems) ?? []
    ).slice(0, MAX_ITEMS))
      items.push(await info(String(attrs['jid'])));
    const told = await client.iq(domain, 'get', `<services xmlns='${NS.extDisco}'/>`);
    const answers = new Set<string>();
    for (const [ns, request] of ASKED)
      if ((await client.iq(undefined, 'get', request)) !== undefined) answers.add(ns);

    return {
      domain,
      listeners,
      directTls: client.directTls,
      encrypted: client.encrypted,
      featuresBefore: namesOf(before),
      featuresAfter: namesOf(after),
      host: await info(domain),
      account: await info(client.account),
      items,
      services: (
        told?.getChild('services', NS.extDisco)?.getChildren('service', NS.extDisco) ?? []
      ).map(serviceOf),
      answers,
    };
  } finally {
    client.end();
  }
}
