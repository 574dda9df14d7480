// Roster items as clients write them, with the errors of RFC 6121 §2.3.3, and as the server writes them.
import type { Element } from '../xml/element.ts';
import { JidError, parseJid, type Jid } from '../protocol/jid.ts';
import { NS } from '../protocol/namespaces.ts';
import { StanzaError } from '../protocol/stanza-error.ts';
import type { Bytes } from '../xml/bytes.ts';
import { attribute, escapeAttr, escapeText } from '../xml/writer.ts';
import type { Edit } from './account-roster.ts';
import type { Contact } from './contacts.ts';

export interface ItemLimits {
  readonly maxNameBytes: number;
  readonly maxGroups: number;
  readonly maxGroupBytes: number;
}

/**
 * Reads the item of a roster set.
 * @param own the account's address
 * @throws StanzaError bad-request, jid-malformed, not-acceptable, not-allowed
 * @source RFC 6121 §2.1.5, §2.3.3
 */
export function readItem(query: Element, own: Jid, limits: ItemLimits): { edit: Edit; jid: Jid } {
  const items = query.getChildren('item', NS.roster);
  const [item] = items;
  // RFC 6121 §2.1.5: exactly one item.
  if (item === undefined || items.length !== 1) {
    throw new StanzaError('bad-request', 'modify', 'A roster set has exactly one item.');
  }
  const jid = readJid(item);
  // RFC 6121 §2.1.5: any other value, `ask` and `approved` are the server's own business and ignored.
  if (item.attrs['subscription'] === 'remove') return { edit: { jid: jid.full }, jid };
  // RFC 6120 §8.3.3.10: no RFC has a state for a subscription to oneself; one's resources see each other without.
  if (jid.bare === own.bare) {
    throw new StanzaError('not-allowed', 'cancel', 'Nobody is a contact of their own.');
  }
  const name = item.attrs['name'] ?? '';
  // RFC 6121 §2.3.3: a name longer than the server allows.
  if (Buffer.byteLength(name) > limits.maxNameBytes) {
    throw tooLong('The name', limits.maxNameBytes);
  }
  return { edit: { jid: jid.full, details: { name, groups: readGroups(item, limits) } }, jid };
}

function readJid(item: Element): Jid {
  const given = item.attrs['jid'];
  // RFC 6121 §2.1.2.3: required.
  if (given === undefined) {
    throw new StanzaError('bad-request', 'modify', 'The item has no address.');
  }
  try {
    return parseJid(given);
  } catch (error) {
    if (!(error instanceof JidError)) throw error;
    throw new StanzaError('jid-malformed', 'modify', error.message);
  }
}

function readGroups(item: Element, limits: ItemLimits): string[] {
  const groups = item.getChildren('group', NS.roster).map((group) => group.getText());
  for (const group of groups) {
    // RFC 6121 §2.3.3: a group without a name, or with one longer than the server allows.
    if (group === '') {
      throw new StanzaError('not-acceptable', 'modify', 'A group has no name.');
    }
    if (Buffer.byteLength(group) > limits.maxGroupBytes) {
      throw tooLong('The name of a group', limits.maxGroupBytes);
    }
  }
  // RFC 6121 §2.3.3: the same group twice.
  if (new Set(groups).size !== groups.length) {
    throw new StanzaError('bad-request', 'modify', 'A group is named twice.');
  }
  if (groups.length > limits.maxGroups) {
    throw new StanzaError(
      'not-acceptable',
      'modify',
      `A contact can be in at most ${limits.maxGroups.toString()} groups.`,
    );
  }
  return groups;
}

function tooLong(what: string, maxBytes: number): StanzaError {
  return new StanzaError(
    'not-acceptable',
    'modify',
    `${what} can have at most ${maxBytes.toString()} bytes.`,
  );
}

function itemBytes(contact: Contact): string {
  const { jid, name, subscription, ask, approved, groups } = contact;
  // RFC 6121 §2.1.2.4, §2.1.2.1, §2.1.2.2: what is not set is left out.
  const head =
    `<item jid='${escapeAttr(jid)}'` +
    (name === '' ? '' : attribute('name', name)) +
    ` subscription='${subscription}'` +
    (ask ? " ask='subscribe'" : '') +
    (approved ? " approved='true'" : '');
  const inner = groups.map((group) => `<group>${escapeText(group)}</group>`).join('');
  return inner === '' ? `${head}/>` : `${head}>${inner}</item>`;
}

/** A whole roster, without those that were removed. @source RFC 6121 §2.1.4 */
export function rosterBytes(contacts: Iterable<Contact>, version: string): Bytes {
  let items = '';
  for (const contact of contacts) {
    if (contact.subscription !== 'remove') items += itemBytes(contact);
  }
  const head = `<query xmlns='${NS.roster}' ver='${version}'`;
  return (items === '' ? `${head}/>` : `${head}>${items}</query>`) as Bytes;
}

/** A roster push, without `from`: from the account itself. @source RFC 6121 §2.1.6 */
export function pushBytes(to: Jid, id: string, contact: Contact, version: string): Bytes {
  return `<iq type='set' id='${id}' to='${to.bytes}'><query xmlns='${NS.roster}' ver='${version}'>${itemBytes(contact)}</query></iq>` as Bytes;
}
