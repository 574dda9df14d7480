// The XML declaration and the stream header (RFC 6120 §4.7, §11.5, §11.6).
import { fail } from './errors.ts';
import { tagAttribute } from './namespaces.ts';
import { ATTR_COLON, ATTR_FIELDS, ATTR_NAME, ATTR_NAME_END } from './layout.ts';
import type { Scanner } from './scanner.ts';

/** What a stream header says. The stream layer judges it: the tokenizer only vouches for well-formedness. */
export interface StreamHeader {
  /** Local name of the root. */
  readonly name: string;
  /** Namespace of the root. */
  readonly ns: string;
  /** The content namespace: the default one, '' if the header declares none. */
  readonly defaultNs: string;
  readonly to: string | undefined;
  readonly from: string | undefined;
  readonly id: string | undefined;
  readonly version: string | undefined;
  readonly lang: string | undefined;
  /** Of the XML declaration, as written. */
  readonly declaredEncoding?: string;
}

// XML 1.0 §2.8, productions XMLDecl and following; 1.1 has other characters, so it is not read as 1.0.
const DECLARATION =
  /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:'1\.0'|"1\.0")(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:'([A-Za-z][\w.-]*)'|"([A-Za-z][\w.-]*)"))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:'(?:yes|no)'|"(?:yes|no)"))?[ \t\r\n]*\?>$/;

/** @returns the declared encoding, if any. @throws XmlError */
export function readDeclaration(buf: Buffer, start: number, end: number): string | undefined {
  const written = buf.latin1Slice(start, end);
  if (!/^<\?xml[ \t\r\n]/.test(written)) fail('restricted-xml', 'processing instruction');
  const match = DECLARATION.exec(written);
  if (match === null) fail('not-well-formed', 'XML declaration');
  const encoding = match[1] ?? match[2];
  // RFC 6120 §11.6: UTF-8 only; names of encodings know no case (XML 1.0 §4.3.3).
  if (encoding !== undefined && encoding.toLowerCase() !== 'utf-8') {
    fail('unsupported-encoding', 'only UTF-8 is spoken here');
  }
  return encoding;
}

/** Reads the root's attributes from the scanner right after OPENED. */
export function readHeader(
  scanner: Scanner,
  buf: Buffer,
  encoding: string | undefined,
): StreamHeader {
  const { attrs, base } = scanner;
  const values = new Map<string, string>();
  for (let i = 0; i < scanner.attrCount; i++) {
    const at = i * ATTR_FIELDS;
    const name = buf.latin1Slice(base + attrs[at + ATTR_NAME]!, base + attrs[at + ATTR_NAME_END]!);
    if (attrs[at + ATTR_COLON] === 0 || name === 'xml:lang') {
      values.set(name, tagAttribute(buf, base, attrs, i));
    }
  }
  return {
    name: scanner.name,
    ns: scanner.ns,
    defaultNs: scanner.innerNs,
    to: values.get('to'),
    from: values.get('from'),
    id: values.get('id'),
    version: values.get('version'),
    lang: values.get('xml:lang'),
    ...(encoding === undefined ? {} : { declaredEncoding: encoding }),
  };
}
