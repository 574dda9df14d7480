// <stream:features/>, RFC 6120 §4.3.2. Byte-stable for one listener, host and TLS version: clients remember them.
import type { AuthContext } from '../auth/mechanisms.ts';
import { NS } from '../protocol/namespaces.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { C2sParts } from './c2s-parts.ts';

const BIND = `<bind xmlns='${NS.bind}'/>`;
// RFC 3921 §3, obsolete: old clients ask for it, others skip it.
const SESSION = `<session xmlns='${NS.session}'><optional/></session>`;
const SM = `<sm xmlns='${NS.sm3}'/>`;

export const STARTTLS_REQUIRED = `<starttls xmlns='${NS.tls}'><required/></starttls>`;
export const STARTTLS_OPTIONAL = `<starttls xmlns='${NS.tls}'/>`;

/** XEP-0478 §3 (v0.2.0): what we take, and after which silence we ask or close, so that clients need not find out. */
function limits(maxBytes: number, idleMs: number): string {
  const idle = idleMs > 0 ? `<idle-seconds>${Math.floor(idleMs / 1000)}</idle-seconds>` : '';
  return `<limits xmlns='${NS.limits}'><max-bytes>${maxBytes}</max-bytes>${idle}</limits>`;
}

/** Before log-in. RFC 6120 §5.3.1: while TLS is required nothing else is offered. */
export function featuresBeforeLogin(
  parts: C2sParts,
  context: AuthContext,
  tlsOffered: boolean,
): Bytes {
  const { settings, auth } = parts;
  let features = '';
  if (tlsOffered) features += settings.tlsRequired ? STARTTLS_REQUIRED : STARTTLS_OPTIONAL;
  if (!tlsOffered || !settings.tlsRequired) {
    const mechanisms = auth.offered(context).map((name) => `<mechanism>${name}</mechanism>`);
    if (mechanisms.length > 0)
      features += `<mechanisms xmlns='${NS.sasl}'>${mechanisms.join('')}</mechanisms>`;
    // XEP-0440 §2 (v1.0.0)
    const bindings = auth
      .offeredBindings(context)
      .map((type) => `<channel-binding type='${type}'/>`);
    if (bindings.length > 0) {
      features += `<sasl-channel-binding xmlns='${NS.saslChannelBinding}'>${bindings.join('')}</sasl-channel-binding>`;
    }
  }
  // XEP-0077 §8: only where it would be taken.
  if (!tlsOffered || !settings.tlsRequired) {
    features += parts.early?.features(context.encrypted) ?? '';
  }
  features += limits(settings.beforeLogin.maxStanzaBytes, settings.unauthenticatedTimeoutMs);
  return `<stream:features>${features}</stream:features>` as Bytes;
}

/** After log-in. */
export function featuresAfterLogin(parts: C2sParts): Bytes {
  const { settings } = parts;
  const idleMs = settings.idlePingMs > 0 ? settings.idlePingMs : settings.idleTimeoutMs;
  return `<stream:features>${BIND}${SESSION}${SM}${parts.moduleFeatures()}${limits(settings.afterLogin.maxStanzaBytes, idleMs)}</stream:features>` as Bytes;
}
