// What an <authenticate/> asks for: XEP-0388 (v1.0.4) §2.3 and the elements of others in it.
import type { UserAgent } from '../auth/devices.ts';
import type { SaslCondition } from '../auth/sasl-step.ts';
import { decodeSasl2 } from '../auth/sasl-text.ts';
import type { TokenUse } from '../auth/token-login.ts';
import { NS } from '../protocol/namespaces.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Element } from '../xml/element.ts';
import type { Stanza } from '../xml/stanza.ts';
import { element as write } from '../xml/writer.ts';
import { parseH, type EnableRequest } from './stream-management.ts';

export interface AuthenticateRequest {
  readonly mechanism: string;
  /** Undefined: none; zero bytes are one. */
  readonly initial: Buffer | undefined;
  /** Undefined: the client does not name its installation. */
  readonly agent: UserAgent | undefined;
  readonly resume: ResumeRequest | undefined;
  readonly bind: BindRequest | undefined;
  /** The password is a token (XEP-0484 §3.4). */
  readonly fast: boolean;
  readonly token: TokenUse;
  /** XEP-0480 §3.2 */
  readonly upgrades: readonly string[];
}

/** `<resume/>` of XEP-0198. */
export interface ResumeRequest {
  readonly token: string | undefined;
  readonly h: number | undefined;
}

/** `<bind/>` of XEP-0386. */
export interface BindRequest {
  readonly tag: string;
  /** The whole element, for the account's owner. */
  readonly bytes: Bytes;
  readonly enable: EnableRequest | undefined;
  /** XEP-0352: `<active/>` or `<inactive/>`, complete. */
  readonly clientState: Bytes | undefined;
}

/** XEP-0388 §6: the schema's Uuid; which version it is makes no difference here. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const COUNT = /^[0-9]{1,15}$/;
/** SECURITY: what is kept of a name that a client gives itself. */
const NAME = /^.{0,100}/su;
/** A resource has 1023 bytes, and its label is in there too. */
const MAX_TAG = 256;
const MAX_UPGRADES = 8;

/** @returns the request, or the condition to fail with */
export function readAuthenticate(
  stanza: Stanza,
): { readonly request: AuthenticateRequest } | { readonly refused: SaslCondition } {
  const initial = initialOf(stanza);
  if (initial === 'bad') return { refused: 'incorrect-encoding' };
  const fast = elementOf(stanza, 'fast', NS.fast);
  const count = fast === undefined ? undefined : attributeOf(fast, 'count');
  // XEP-0484 §3.4: an integer.
  if (count !== undefined && !COUNT.test(count)) return { refused: 'malformed-request' };
  const wanted = elementOf(stanza, 'request-token', NS.fast);
  return {
    request: {
      mechanism: stanza.attr('mechanism') ?? '',
      initial,
      agent: agentOf(stanza),
      resume: resumeOf(stanza),
      bind: bindOf(stanza),
      fast: fast !== undefined,
      token: {
        count: count === undefined ? undefined : Number(count),
        invalidate: fast !== undefined && isTrue(attributeOf(fast, 'invalidate')),
        wanted: wanted === undefined ? undefined : attributeOf(wanted, 'mechanism'),
      },
      upgrades: upgradesOf(stanza),
    },
  };
}

/** The one child of a kind in a `<task-data/>` or the like; undefined: there is none. */
export function elementOf(stanza: Stanza, name: string, ns: string): Element | undefined {
  const child = stanza.child(name, ns);
  return child && stanza.childElement(child);
}

function initialOf(stanza: Stanza): Buffer | undefined | 'bad' {
  const child = stanza.child('initial-response', NS.sasl2);
  // XEP-0388 §2.2: absent is none; empty is empty.
  return child === undefined ? undefined : (decodeSasl2(stanza.childText(child)) ?? 'bad');
}

function agentOf(stanza: Stanza): UserAgent | undefined {
  const agent = elementOf(stanza, 'user-agent', NS.sasl2);
  const id = agent && attributeOf(agent, 'id')?.toLowerCase();
  // COMPAT(several): who says something else than a UUID has no device here, and logs in all the same.
  if (agent === undefined || id === undefined || !UUID.test(id)) return undefined;
  return { id, software: nameIn(agent, 'software'), device: nameIn(agent, 'device') };
}

function resumeOf(stanza: Stanza): ResumeRequest | undefined {
  const resume = elementOf(stanza, 'resume', NS.sm3);
  return resume && { token: attributeOf(resume, 'previd'), h: parseH(attributeOf(resume, 'h')) };
}

function bindOf(stanza: Stanza): BindRequest | undefined {
  const child = stanza.child('bind', NS.bind2);
  if (child === undefined) return undefined;
  const bind = stanza.childElement(child);
  const enable = bind.getChild('enable', NS.sm3);
  const state = bind.getChild('inactive', NS.csi) ?? bind.getChild('active', NS.csi);
  return {
    tag: tagOf(bind),
    bytes: stanza.childBytes(child),
    enable: enable && { resume: attributeOf(enable, 'resume'), max: attributeOf(enable, 'max') },
    clientState: state && write(state, NS.client),
  };
}

function tagOf(bind: Element): string {
  const tag = bind.getChildText('tag', NS.bind2) ?? '';
  return tag.length > MAX_TAG ? '' : tag.trim();
}

function upgradesOf(stanza: Stanza): readonly string[] {
  return stanza.children
    .filter(({ name, ns }) => name === 'upgrade' && ns === NS.saslUpgrade)
    .slice(0, MAX_UPGRADES)
    .map((child) => stanza.childText(child).trim());
}

/** A name that a client gives itself: it is shown in lists, so it is one short line. */
function nameIn(agent: Element, part: 'software' | 'device'): string {
  const text = agent.getChildText(part, NS.sasl2) ?? '';
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  // By characters: half of one could not be written.
  return NAME.exec(line)?.[0] ?? '';
}

function attributeOf(element: Element, name: string): string | undefined {
  const value: unknown = element.attrs[name];
  return typeof value === 'string' ? value : undefined;
}

function isTrue(text: string | undefined): boolean {
  return text === 'true' || text === '1';
}
