// <stream:features/>, RFC 6120 §4.3.2. Byte-stable for one listener, host and TLS version: clients remember them.
import type { AuthContext } from '../auth/mechanisms.ts';
import type { Offer } from '../auth/offer.ts';
import { NS } from '../protocol/namespaces.ts';
import type { Bytes } from '../xml/bytes.ts';
import { escapeAttr } from '../xml/writer.ts';
import type { C2sParts, C2sSettings, FeatureWriter } from './c2s-parts.ts';

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

/** What was written for streams that are offered the same, and for which settings. */
interface Written {
  readonly settings: C2sSettings;
  readonly bindFeatures: string;
  /** What modules take before log-in. */
  readonly early: string;
  readonly givesTokens: boolean;
  clear: Bytes | undefined;
  tls: Bytes | undefined;
}

/** The features before log-in; written once for each kind of stream. */
export class FirstFeatures implements FeatureWriter {
  private readonly written = new WeakMap<Offer, Written>();

  /** RFC 6120 §5.3.1: while TLS is required nothing else is offered. */
  for(parts: C2sParts, context: AuthContext): Bytes {
    const { settings, auth } = parts;
    if (!context.encrypted && settings.tlsRequired) {
      return features(STARTTLS_REQUIRED + limitsBefore(settings));
    }
    const offer = auth.offer(context);
    const bindFeatures = parts.bindFeatures();
    const early = parts.early?.features(context.encrypted) ?? '';
    let written = this.written.get(offer);
    if (
      written?.settings !== settings ||
      written.bindFeatures !== bindFeatures ||
      written.early !== early ||
      written.givesTokens !== auth.givesTokens
    ) {
      const { givesTokens } = auth;
      written = { settings, bindFeatures, early, givesTokens, clear: undefined, tls: undefined };
      this.written.set(offer, written);
    }
    if (context.encrypted) return (written.tls ??= overTls(parts, offer, early));
    return (written.clear ??= inTheClear(parts, offer, early));
  }
}

/** After log-in, on a stream without a resource. */
export function featuresAfterLogin(parts: C2sParts): Bytes {
  return features(BIND + SESSION + afterLogin(parts));
}

/**
 * After log-in by SASL2, which bound a resource: XEP-0388 §2.6.1.
 * @param managed stream management is enabled already: clients enable whatever is offered, and once is all (XEP-0198 §3)
 */
export function featuresAfterBind(parts: C2sParts, managed: boolean): Bytes {
  return features(afterLogin(parts, managed ? '' : SM));
}

function afterLogin(parts: C2sParts, management: string = SM): string {
  const { settings } = parts;
  const idleMs = settings.idlePingMs > 0 ? settings.idlePingMs : settings.idleTimeoutMs;
  return management + parts.moduleFeatures() + limits(settings.afterLogin.maxStanzaBytes, idleMs);
}

function inTheClear(parts: C2sParts, offer: Offer, early: string): Bytes {
  // XEP-0388 §4: SASL2 is offered under TLS alone.
  return features(STARTTLS_OPTIONAL + sasl(offer) + early + limitsBefore(parts.settings));
}

function overTls(parts: C2sParts, offer: Offer, early: string): Bytes {
  return features(
    sasl(offer) + sasl2(parts, offer) + bindings(offer) + early + limitsBefore(parts.settings),
  );
}

function sasl(offer: Offer): string {
  if (offer.mechanisms.length === 0) return '';
  return `<mechanisms xmlns='${NS.sasl}'>${mechanisms(offer.mechanisms)}</mechanisms>`;
}

/** XEP-0388 §2.1 (v1.0.4) */
function sasl2({ auth, bindFeatures }: C2sParts, offer: Offer): string {
  // "MUST NOT be offered if not at least one mechanism can be provided."
  if (offer.mechanisms.length === 0) return '';
  // XEP-0386 §4.1 (v1.1.0), XEP-0198 §9 (v1.6.3), XEP-0484 §3.1 (v0.2.0)
  const bind = `<bind xmlns='${NS.bind2}'><inline>${bindFeatures()}</inline></bind>`;
  const fast =
    auth.givesTokens && offer.tokens.length > 0
      ? `<fast xmlns='${NS.fast}'>${mechanisms(offer.tokens)}</fast>`
      : '';
  // XEP-0480 §3.1 (v0.2.0)
  const upgrades = auth.upgrades.map(
    (task) => `<upgrade xmlns='${NS.saslUpgrade}'>${task}</upgrade>`,
  );
  return `<authentication xmlns='${NS.sasl2}'>${mechanisms(offer.mechanisms)}<inline>${bind}${fast}${SM}</inline>${upgrades.join('')}</authentication>`;
}

/** XEP-0440 §2 (v1.0.0) */
function bindings(offer: Offer): string {
  if (offer.bindings.length === 0) return '';
  const types = offer.bindings.map((type) => `<channel-binding type='${type}'/>`);
  return `<sasl-channel-binding xmlns='${NS.saslChannelBinding}'>${types.join('')}</sasl-channel-binding>`;
}

/** What a resource can be bound with: XEP-0386 §4.1. @param vars of modules, sorted */
export function bindFeatureList(vars: readonly string[]): string {
  const all = [...new Set<string>([NS.sm3, ...vars])].sort();
  return all.map((name) => `<feature var='${escapeAttr(name)}'/>`).join('');
}

function mechanisms(names: readonly string[]): string {
  return names.map((name) => `<mechanism>${name}</mechanism>`).join('');
}

function limitsBefore(settings: C2sSettings): string {
  return limits(settings.beforeLogin.maxStanzaBytes, settings.unauthenticatedTimeoutMs);
}

function features(content: string): Bytes {
  return `<stream:features>${content}</stream:features>` as Bytes;
}
