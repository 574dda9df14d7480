// Which account a log-in names, and whether it may act as the address that it asks for.
import { JidError, parseJid, type Jid } from '../protocol/jid.ts';

/**
 * The account named by an authentication identity: `alice`, or `alice@host` where that is this host.
 * @param domain prepared domain of the stream
 * @returns undefined: no name that an account here can have
 */
export function accountOf(authcid: string, domain: string): Jid | undefined {
  // RFC 6120 §6.3.7: the simple user name. COMPAT(several): some clients send the bare JID.
  const jid = readJid(authcid.includes('@') ? authcid : `${authcid}@${domain}`);
  // SECURITY: `evil/x` reads as a domain with a resource here, and falls with the others that are not `local@domain`.
  return jid && jid.local !== '' && jid.domain === domain && jid.resource === '' ? jid : undefined;
}

/** RFC 6120 §6.3.8: nobody acts for another; what remains is to name oneself, by the bare JID. */
export function mayActAs(account: Jid, authzid: string): boolean {
  // `full`, not `bare`: RFC 6120 §6.3.8 has an authorization identity of the form <[localpart@]domainpart>.
  return authzid === '' || readJid(authzid)?.full === account.bare;
}

function readJid(text: string): Jid | undefined {
  try {
    return parseJid(text);
  } catch (error) {
    if (error instanceof JidError) return undefined;
    throw error;
  }
}
