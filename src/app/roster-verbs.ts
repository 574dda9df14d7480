// An account's contacts for administrators: asked and changed as its owner's own client would, by the same requests.
import type { Account } from '../account/account.ts';
import type { Accounts } from '../account/accounts.ts';
import type { RosterItem } from '../admin/account-data-commands.ts';
import { NS } from '../protocol/namespaces.ts';
import { OperatorError } from '../util/errors.ts';
import { ascii, type Bytes } from '../xml/bytes.ts';
import type { Element } from '../xml/element.ts';
import type { StanzaReader } from '../xml/stanza-reader.ts';
import { attribute, escapeText } from '../xml/writer.ts';

type Args = Readonly<Record<string, unknown>>;

export async function showRoster(
  accounts: Accounts,
  reader: StanzaReader,
  account: Account,
): Promise<{ items: RosterItem[] }> {
  const query = await request(accounts, reader, account, 'get', ascii(''));
  const items = query?.getChildren('item', NS.roster) ?? [];
  return {
    items: items.map((item) => ({
      jid: item.attrs['jid'] ?? '',
      name: item.attrs['name'] ?? '',
      subscription: item.attrs['subscription'] ?? 'none',
      ask: item.attrs['ask'] === 'subscribe',
      groups: item.getChildren('group', NS.roster).map((group) => group.getText()),
    })),
  };
}

export async function setContact(
  accounts: Accounts,
  reader: StanzaReader,
  account: Account,
  args: Args,
): Promise<null> {
  const groups = ((args['groups'] as string[] | undefined) ?? [])
    .map((group) => `<group>${escapeText(group)}</group>`)
    .join('');
  const name = args['name'] === undefined ? '' : attribute('name', args['name'] as string);
  const jid = attribute('jid', args['contact'] as string);
  const item = `<item${jid}${name}>${groups}</item>` as Bytes;
  await request(accounts, reader, account, 'set', item);
  return null;
}

export async function removeContact(
  accounts: Accounts,
  reader: StanzaReader,
  account: Account,
  args: Args,
): Promise<null> {
  const jid = attribute('jid', args['contact'] as string);
  await request(accounts, reader, account, 'set', `<item${jid} subscription='remove'/>` as Bytes);
  return null;
}

/** @returns the answer's `<query/>`. @throws OperatorError `roster-refused` */
async function request(
  accounts: Accounts,
  reader: StanzaReader,
  account: Account,
  type: 'get' | 'set',
  items: Bytes,
): Promise<Element | undefined> {
  const query = `<query xmlns='${NS.roster}'>${items}</query>`;
  const stanza = reader.read(`<iq type='${type}' id='roster'>${query}</iq>` as Bytes);
  const answer = reader.read(await accounts.onBehalf(account, stanza));
  if (answer.type !== 'error') return answer.firstChildElement();
  const error = answer.child('error', NS.client);
  const condition = error === undefined ? undefined : answer.childElement(error).getChildElements();
  throw new OperatorError(
    'roster-refused',
    `The roster of ${account.jid.bare} does not take this: ${condition?.[0]?.name ?? 'an error'}.`,
    'A contact must be there to be removed, and rosters and names have limits.',
  );
}
