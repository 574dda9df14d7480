// The addresses that a client's certificate is for: id-on-xmppAddr in its subjectAltName. RFC 6120 §13.7.1.4, XEP-0178 (v1.2) §2.
import { isUtf8 } from 'node:buffer';
import { children, DerError, oidOf, readNode, type DerNode } from './der.ts';

const SUBJECT_ALT_NAME = '2.5.29.17';
const ID_ON_XMPP_ADDR = '1.3.6.1.5.5.7.8.5';

// Tags: [3] and [0], constructed; UTF8String; OCTET STRING.
const EXTENSIONS = 0xa3;
const OTHER_NAME = 0xa0;
const EXPLICIT = 0xa0;
const UTF8_STRING = 0x0c;
const OCTET_STRING = 0x04;

/** @returns the addresses as written, in their order; none for a certificate that names none or cannot be read */
export function xmppAddresses(certDer: Buffer): readonly string[] {
  try {
    const tbs = children(readNode(certDer, 0))[0];
    // RFC 5280 §4.1: extensions [3] EXPLICIT SEQUENCE OF Extension { extnID, critical, extnValue OCTET STRING }
    const wrapped = tbs && children(tbs).find((field) => field.tag === EXTENSIONS);
    const list = wrapped && children(wrapped)[0];
    return (list ? children(list) : []).flatMap(addressesOf);
  } catch (error) {
    if (error instanceof DerError) return [];
    throw error;
  }
}

function addressesOf(extension: DerNode): string[] {
  const fields = children(extension);
  const value = fields.at(-1);
  if (fields[0] === undefined || oidOf(fields[0]) !== SUBJECT_ALT_NAME) return [];
  if (value?.tag !== OCTET_STRING) throw new DerError('an extension without a value');
  return children(readNode(value.value, 0)).flatMap((name) => {
    if (name.tag !== OTHER_NAME) return [];
    // OtherName ::= SEQUENCE { type-id, value [0] EXPLICIT }
    const [type, explicit] = children(name);
    if (type === undefined || oidOf(type) !== ID_ON_XMPP_ADDR) return [];
    const text = explicit?.tag === EXPLICIT ? children(explicit)[0] : undefined;
    if (text?.tag !== UTF8_STRING || !isUtf8(text.value)) return [];
    return [text.value.toString('utf8')];
  });
}
