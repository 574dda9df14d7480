// Which messages are copied: the rules of XEP-0280 (1.0.1) §6.1, all of them (§6.2: urn:xmpp:carbons:rules:0).
import { hasBody } from '../../protocol/message-kind.ts';
import { NS } from '../../protocol/namespaces.ts';
import type { Stanza } from '../../xml/stanza.ts';

/** In the order in which they are asked; the first that fits decides. */
export type CarbonRule =
  | 'groupchat'
  | 'private'
  | 'error'
  | 'muc-private-message'
  | 'chat'
  | 'body'
  | 'im-payload'
  | 'invitation'
  | 'other';

/** What each rule decides; undefined: an error is copied if what it answers was. */
export const CARBON_RULES: Readonly<Record<CarbonRule, boolean | undefined>> = {
  groupchat: false,
  private: false,
  error: undefined,
  'muc-private-message': false,
  chat: true,
  body: true,
  'im-payload': true,
  invitation: true,
  other: false,
};

/**
 * @param direction as the account sees it
 * @param isOccupant the sender, of a message that comes in, has a resource: a room's occupant does, a room does not
 */
export function carbonRule(
  stanza: Stanza,
  direction: 'in' | 'out',
  isOccupant: boolean,
): CarbonRule {
  const { type } = stanza;
  if (type === 'groupchat') return 'groupchat';
  const found = payloads(stanza);
  // §9: <private/> stays in the message, that nobody be led to believe it went everywhere; XEP-0334 §4.3
  if (found.isPrivate) return 'private';
  if (type === 'error') return 'error';
  // The room has sent it to each of the user's clients that is in there.
  if (direction === 'in' && isOccupant && found.muc === 'other') return 'muc-private-message';
  if (type === 'chat') return 'chat';
  // RFC 6121 §5.2.2: a message of no known type is normal.
  if (type !== 'headline' && hasBody(stanza.children)) return 'body';
  if (found.im) return 'im-payload';
  return found.muc === 'invitation' || found.isInvited ? 'invitation' : 'other';
}

interface Payloads {
  readonly isPrivate: boolean;
  /** XEP-0184, XEP-0085, XEP-0333. */
  readonly im: boolean;
  /** XEP-0249. */
  readonly isInvited: boolean;
  /** XEP-0045: an invitation by way of the room, or something else that concerns a room. */
  readonly muc: 'none' | 'invitation' | 'other';
}

function payloads(stanza: Stanza): Payloads {
  let isPrivate = false;
  let im = false;
  let isInvited = false;
  let muc: Payloads['muc'] = 'none';
  for (const child of stanza.children) {
    switch (child.ns) {
      case NS.carbons:
        isPrivate ||= child.name === 'private';
        break;
      case NS.hints:
        isPrivate ||= child.name === 'no-copy';
        break;
      case NS.receipts:
      case NS.chatStates:
      case NS.markers:
        im = true;
        break;
      case NS.directInvitation:
        isInvited = true;
        break;
      case NS.mucUser: {
        const invites = stanza.childElement(child).getChild('invite', NS.mucUser) !== undefined;
        if (invites) muc = 'invitation';
        else if (muc === 'none') muc = 'other';
        break;
      }
      default:
    }
  }
  return { isPrivate, im, isInvited, muc };
}
