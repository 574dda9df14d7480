// The one writer of XML: escapes, and trees into bytes. What is no character of XML is refused, not repaired.
import { type Bytes, utf8 } from './bytes.ts';
import { isNcName } from './chars.ts';
import type { Element } from './element.ts';
import { XmlWriteError } from './errors.ts';
import { XML_NS, XMLNS_NS } from './namespaces.ts';

// PERF(docs/performance.md): one native test decides for nearly all values that nothing has to be done.
const SAFE_TEXT = /^[\t\n\x20-\x25\x27-\x3b\x3d\x3f-\x7e]*$/;
const SAFE_VALUE = /^[\x20-\x25\x28-\x3b\x3d\x3f-\x7e]*$/;
// Lone surrogates too: with the u flag a pair is one character.
// eslint-disable-next-line no-control-regex -- the control characters that XML has no way to write
const FORBIDDEN = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]/u;

const TEXT_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  // XML 1.0 §2.11: a raw CR would be read as LF.
  '\r': '&#xD;',
};

const VALUE_ESCAPES: Readonly<Record<string, string>> = {
  ...TEXT_ESCAPES,
  "'": '&apos;',
  // XML 1.0 §3.3.3: raw white space in a value would be read as spaces.
  '\t': '&#x9;',
  '\n': '&#xA;',
};

function check(text: string): void {
  if (FORBIDDEN.test(text)) {
    throw new XmlWriteError('the text has a character that XML cannot carry');
  }
}

/** Character data. @throws XmlWriteError for characters that XML does not have, lone surrogates included */
export function escapeText(text: string): Bytes {
  if (SAFE_TEXT.test(text)) return text as Bytes;
  check(text);
  return utf8(text.replace(/[&<>\r]/g, (char) => TEXT_ESCAPES[char]!));
}

/** An attribute value, to stand between single quotes. @throws XmlWriteError as escapeText() */
export function escapeAttr(text: string): Bytes {
  if (SAFE_VALUE.test(text)) return text as Bytes;
  check(text);
  return utf8(text.replace(/[&<>'\t\n\r]/g, (char) => VALUE_ESCAPES[char]!));
}

/** ` name='value'`; the name is a literal of ours. */
export function attribute(name: string, value: string): Bytes {
  return ` ${name}='${escapeAttr(value)}'` as Bytes;
}

type Prefixes = ReadonlyMap<string, string>;

const NO_PREFIXES: Prefixes = new Map([['xml', XML_NS]]);

function checkName(name: string, prefixes: Prefixes): void {
  const colon = name.indexOf(':');
  const isGood =
    colon < 0 ? isNcName(name) : isNcName(name.slice(0, colon)) && isNcName(name.slice(colon + 1));
  if (!isGood) throw new XmlWriteError('not a name of XML');
  if (colon >= 0 && !prefixes.has(name.slice(0, colon))) {
    throw new XmlWriteError('the prefix of a name is not declared');
  }
}

function declared(el: Element, outer: Prefixes): Prefixes {
  let inner: Map<string, string> | undefined;
  for (const name of Object.keys(el.attrs)) {
    if (!name.startsWith('xmlns:')) continue;
    const prefix = name.slice(6);
    const uri = String(el.attrs[name]);
    const isReserved =
      prefix === 'xmlns' || uri === XMLNS_NS || (prefix === 'xml') !== (uri === XML_NS);
    if (isReserved || uri === '' || !isNcName(prefix)) {
      throw new XmlWriteError('a prefix cannot be declared so');
    }
    inner ??= new Map(outer);
    inner.set(prefix, uri);
  }
  return inner ?? outer;
}

function writeTree(el: Element, defaultNs: string, outer: Prefixes): string {
  const prefixes = declared(el, outer);
  checkName(el.name, prefixes);
  const name = utf8(el.name);
  let out = `<${name}`;
  let ns = defaultNs;
  const expanded = new Set<string>();
  for (const [key, value] of Object.entries<string | number | undefined | null>(el.attrs)) {
    if (value === undefined || value === null) continue;
    const written = String(value);
    if (key === 'xmlns') {
      if (written === XML_NS || written === XMLNS_NS) {
        throw new XmlWriteError('a reserved namespace cannot be the default one');
      }
      ns = written;
      if (ns !== defaultNs) out += ` xmlns='${escapeAttr(ns)}'`;
      continue;
    }
    if (!key.startsWith('xmlns:')) {
      checkName(key, prefixes);
      const colon = key.indexOf(':');
      if (colon >= 0) {
        const pair = `${key.slice(colon + 1)}:${prefixes.get(key.slice(0, colon))!}`;
        if (expanded.has(pair)) throw new XmlWriteError('the same attribute under two prefixes');
        expanded.add(pair);
      }
    }
    out += ` ${utf8(key)}='${escapeAttr(written)}'`;
  }
  let inner = '';
  for (const child of el.children as (Element | string | number | boolean | null | undefined)[]) {
    if (child === null || child === undefined) continue;
    inner += typeof child === 'object' ? writeTree(child, ns, prefixes) : escapeText(String(child));
  }
  return inner === '' ? `${out}/>` : `${out}>${inner}</${name}>`;
}

/**
 * A tree as bytes in a frame whose default namespace is `defaultNs`; an element without xmlns is in its parent's.
 * @throws XmlWriteError for names, prefixes and characters that XML does not allow
 */
export function element(el: Element, defaultNs: string): Bytes {
  return writeTree(el, defaultNs, NO_PREFIXES) as Bytes;
}
