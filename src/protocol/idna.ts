// Preparation of the domainpart of a JID: RFC 7622 §3.2.
//
// IDNA2008 proper (RFC 5891) maps nothing and has its own list of permitted characters. This uses the
// UTS #46 processing that ships with Node (non-transitional, so ß and ς stay, and joiners and bidi are
// checked), which differs in three ways: it maps case, width and ideographic full stops itself instead
// of leaving that to the caller (what RFC 7622 §3.2.1 asks of us anyway); it admits symbols such as
// emoji, which registries refuse but which do no harm in an address; and its Unicode version is the
// runtime's. Underscores are let through, since hosts in private networks have them.
import { domainToASCII, domainToUnicode } from 'node:url';

/** Why a domain was refused. */
export class DomainError extends Error {
  override readonly name = 'DomainError';
}

const MAX_LABEL_BYTES = 63;
const ASCII_DOMAIN = /^[A-Za-z0-9._-]+$/;
const IPV6_LITERAL = /^\[[0-9A-Fa-f:.]+\]$/;
const IPV4_LITERAL = /^\d+\.\d+\.\d+\.\d+$/;
// Everything but letters, digits, '.', '-', '_' and what is beyond ASCII. Node's functions read their
// argument as the authority of a URL: without this, 'a@b', 'a:1', 'a%2eb' and 'a#b' would pass as hosts.
// eslint-disable-next-line no-control-regex -- control characters are among what is refused
const FORBIDDEN_ASCII = /[\x00-\x2c\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]/;
const FULL_STOPS = '.\u3002\uff0e\uff61';

/**
 * A domain in the form in which two equal ones compare equal: lower case, U-labels, NFC, no final dot.
 * IP literals are accepted: `127.0.0.1`, and `[::1]` in its shortest form.
 * The total length is the caller's to check; labels are at most 63 bytes as A-labels.
 * @throws DomainError
 */
export function prepareDomain(text: string): string {
  if (text.startsWith('[')) return prepareIpv6(text);
  // RFC 7622 §3.2: a final label separator MUST be stripped before anything else.
  const name = text !== '' && FULL_STOPS.includes(text.at(-1)!) ? text.slice(0, -1) : text;
  if (name === '') throw new DomainError('it is empty');
  if (ASCII_DOMAIN.test(name)) {
    const lower = name.toLowerCase();
    checkLabels(lower);
    // RFC 7622 §3.2.1: A-labels are converted to U-labels.
    return lower.startsWith('xn--') || lower.includes('.xn--') ? fromAscii(lower) : lower;
  }
  if (FORBIDDEN_ASCII.test(name)) throw new DomainError('it holds a character no host name has');
  const ascii = domainToASCII(name);
  if (ascii === '') throw new DomainError('it is not a valid internationalised name');
  checkLabels(ascii);
  return fromAscii(ascii);
}

function fromAscii(ascii: string): string {
  const unicode = domainToUnicode(ascii);
  // Node answers '' for an A-label that decodes to nothing valid, and an IPv4 address for a name that
  // ends in a number; neither is a name that somebody could have registered.
  if (unicode === '' || IPV4_LITERAL.test(unicode)) {
    throw new DomainError('it holds an invalid internationalised label');
  }
  return unicode;
}

function prepareIpv6(text: string): string {
  const literal = IPV6_LITERAL.test(text) ? domainToASCII(text) : '';
  if (literal === '') throw new DomainError('it is not a valid IPv6 literal');
  return literal;
}

function checkLabels(ascii: string): void {
  if (!ASCII_DOMAIN.test(ascii)) throw new DomainError('it holds a character no host name has');
  for (const label of ascii.split('.')) {
    if (label === '') throw new DomainError('it holds an empty label');
    if (label.length > MAX_LABEL_BYTES) {
      throw new DomainError(`a label is longer than ${MAX_LABEL_BYTES} bytes`);
    }
    // RFC 5890 §2.3.1: no label begins or ends with a hyphen.
    if (label.startsWith('-') || label.endsWith('-')) {
      throw new DomainError('a label begins or ends with a hyphen');
    }
  }
}
