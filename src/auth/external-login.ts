// SASL EXTERNAL: the certificate of the TLS handshake says who it is. RFC 4422 appendix A, XEP-0178 (v1.2) §2.
import type { Jid } from '../protocol/jid.ts';
import { accountOf } from './account-name.ts';
import type { AuthContext } from './mechanisms.ts';
import type { SaslCondition } from './sasl-step.ts';

/**
 * The account that a certificate may log in to.
 * @param authzid as the client wrote it; empty: the certificate alone says which
 * @returns an account, which may not exist, or why there is none
 */
export function certifiedAccount(
  context: AuthContext,
  authzid: string,
): { readonly account: Jid } | { readonly refused: SaslCondition } {
  const named = new Map<string, Jid>();
  for (const address of context.certified ?? []) {
    // Without `@` it is no account's address; accountOf would take it for a user name.
    const account = address.includes('@') ? accountOf(address, context.domain) : undefined;
    if (account !== undefined) named.set(account.bare, account);
  }
  // XEP-0178 §2, 11c: no JID mapping is done here.
  if (named.size === 0) return { refused: 'not-authorized' };
  if (authzid !== '') {
    const wanted = authzid.includes('@') ? accountOf(authzid, context.domain) : undefined;
    const account = wanted && named.get(wanted.bare);
    return account === undefined ? { refused: 'invalid-authzid' } : { account };
  }
  const [only] = named.values();
  // XEP-0178 §2, 11b: of several the client has to say which.
  return named.size > 1 || only === undefined ? { refused: 'invalid-authzid' } : { account: only };
}
