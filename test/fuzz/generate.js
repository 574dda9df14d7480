// Makes streams out of entropy: from a grammar that likes namespaces, quotes and references, and by damaging others.

/** @typedef {(below: number) => number} Pick an integer from 0 to below - 1 */

/** A seeded generator (mulberry32), so that a failing case replays. @param {number} seed @returns {Pick} */
export function seeded(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** @template T @param {Pick} pick @param {readonly T[]} list @returns {T} */
const one = (pick, list) => /** @type {T} */ (list[pick(list.length)]);

const NAMESPACES = [
  'jabber:client',
  'jabber:server',
  'urn:xmpp:receipts',
  'http://jabber.org/protocol/chatstates',
  'urn:a',
  'urn:a&amp;b',
  'urn&#58;a',
  'jabber&#x3A;client',
  'urn:\u00e9',
  '',
];
const PREFIXES = ['a', 'b', 'stream', 'db', 'x', '\u00e9', 'c'];
const NAMES = [
  'body',
  'x',
  'active',
  'request',
  'a',
  'message',
  'subject',
  '\u00e9t\u00e9',
  'b-1.2_3',
  'query',
  'n\u{10000}',
];
const ATTRS = [
  'id',
  'to',
  'from',
  'type',
  'node',
  'version',
  '\u00e9',
  '__proto__',
  'constructor',
  'xml',
  'a',
];
const TEXTS = [
  'hello',
  ' ',
  '\n',
  '\t',
  '\r\n',
  '\r',
  '\u00e9\u4e2d\u{1f600}',
  '&lt;',
  '&amp;',
  '&gt;',
  '&apos;',
  '&quot;',
  '&#65;',
  '&#x1F600;',
  '&#xD;',
  '&#9;',
  '&#10;',
  '&#000000000000000000065;',
  ']]',
  ']',
  '>',
  ']]&gt;',
  '\u0085\u2028\ufeff',
  'a longer run of plain text, as a person may type it',
];
const CDATA = [
  '<![CDATA[]]>',
  '<![CDATA[<&]]>',
  '<![CDATA[]]]>',
  '<![CDATA[a]]]]>',
  '<![CDATA[\r\n>]]>',
  '<![CDATA[\u00e9]>]]>',
];
const SPACES = [' ', ' ', ' ', '  ', '\n', '\t', '\r\n', ' \r'];

/** @param {Pick} pick */
function value(pick) {
  let out = '';
  for (let n = pick(4); n > 0; n--) out += one(pick, TEXTS);
  return out;
}

/** @param {Pick} pick @param {string} text */
function quoted(pick, text) {
  if (pick(2) === 0) return `'${text.replaceAll("'", '&apos;')}'`;
  return `"${text.replaceAll('"', '&quot;')}"`;
}

/**
 * @param {Pick} pick
 * @param {string} name
 * @param {string[]} scope prefixes that are declared
 * @param {number} depth
 * @param {string} extra
 * @returns {string}
 */
function element(pick, name, scope, depth, extra = '') {
  const inner = [...scope];
  let attrs = extra;
  const space = () => (pick(12) === 0 ? one(pick, SPACES) : ' ');
  if (pick(3) === 0) attrs += `${space()}xmlns=${quoted(pick, one(pick, NAMESPACES))}`;
  for (let n = pick(8) === 0 ? 1 + pick(2) : 0; n > 0; n--) {
    const prefix = one(pick, PREFIXES);
    if (attrs.includes(`xmlns:${prefix}=`)) continue;
    attrs += `${space()}xmlns:${prefix}=${quoted(pick, one(pick, NAMESPACES.slice(0, -1)))}`;
    inner.push(prefix);
  }
  const used = new Set();
  for (let n = pick(4); n > 0; n--) {
    const prefix =
      pick(10) === 0 && inner.length > 0 ? `${one(pick, inner)}:` : pick(16) === 0 ? 'xml:' : '';
    const attribute = prefix + (prefix === 'xml:' ? 'lang' : one(pick, ATTRS));
    if (used.has(attribute) || attrs.includes(` ${attribute}=`)) continue;
    used.add(attribute);
    attrs += `${space()}${attribute}${pick(20) === 0 ? ' = ' : '='}${quoted(pick, value(pick))}`;
  }
  const prefix = pick(8) === 0 && inner.length > 0 ? `${one(pick, inner)}:` : '';
  const tag = prefix + name;
  if (depth > 4 || pick(4) === 0)
    return `<${tag}${attrs}${pick(12) === 0 ? one(pick, SPACES) : ''}/>`;
  let content = '';
  for (let n = pick(depth === 0 ? 6 : 4); n > 0; n--) {
    const kind = pick(10);
    if (kind < 6) content += element(pick, one(pick, NAMES), inner, depth + 1);
    else if (kind < 9) content += value(pick);
    else content += one(pick, CDATA);
  }
  return `<${tag}${attrs}>${content}</${tag}${pick(20) === 0 ? one(pick, SPACES) : ''}>`;
}

/** A stream with its end, mostly well-formed. @param {Pick} pick */
export function stream(pick) {
  const declaration = one(pick, [
    '',
    "<?xml version='1.0'?>",
    '<?xml version="1.0" encoding="utf-8"?>\n',
    "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>",
  ]);
  const prefix = pick(6) === 0 ? 's' : 'stream';
  const scope = [prefix];
  let attrs = one(pick, [
    " xmlns='jabber:client'",
    " xmlns='jabber:client'",
    ' xmlns="jabber:server"',
    '',
  ]);
  attrs += ` xmlns:${prefix}='http://etherx.jabber.org/streams' to='h' version='1.0'`;
  if (pick(3) === 0) attrs += " xml:lang='de'";
  for (const other of ['db', 'a', 'c']) {
    if (pick(4) !== 0) continue;
    attrs += ` xmlns:${other}=${quoted(pick, one(pick, ['jabber:server:dialback', 'jabber:client', 'urn:a']))}`;
    scope.push(other);
  }
  let body = '';
  for (let n = 1 + pick(3); n > 0; n--) {
    const own = pick(2) === 0 ? ` to=${quoted(pick, value(pick))}` : '';
    body += element(
      pick,
      one(pick, ['message', 'message', 'presence', 'iq', 'r', 'auth']),
      scope,
      0,
      own,
    );
    if (pick(3) === 0) body += one(pick, ['\n', ' ', '\r\n', '\t ']);
  }
  return `${declaration}<${prefix}:stream${attrs}>${body}</${prefix}:stream>`;
}

const SHARDS = [
  '<',
  '>',
  '/',
  '&',
  "'",
  '"',
  '=',
  ':',
  ';',
  '!',
  '?',
  '-',
  ']',
  '[',
  ' ',
  'x',
  '\r',
  '\n',
  '\t',
  '\0',
  '\u0001',
  '\u007f',
  '\uffff',
  '\ufffe',
  '\ufeff',
  '&amp;',
  '&foo;',
  '&#0;',
  '&#xFFFF;',
  '&#xD800;',
  '&#x110000;',
  '&#x41;',
  '&;',
  '&#;',
  '&#x;',
  '<!--c-->',
  '<?pi x?>',
  '<!DOCTYPE a>',
  '<![CDATA[',
  ']]>',
  '<a>',
  '</a>',
  '<a/>',
  '</',
  '/>',
  "xmlns='",
  " xmlns=''",
  " xmlns:a='urn:a'",
  " xmlns:xml='urn:a'",
  " xmlns:xmlns='urn:a'",
  " xmlns:b=''",
  " a:id='1'",
  " id='1'",
  'xml:',
  'xmlns:',
  " xmlns='http://www.w3.org/XML/1998/namespace'",
  " xmlns:x='http://www.w3.org/2000/xmlns/'",
  " xmlns:xml='http://www.w3.org/XML/1998/namespace'",
  '<a b="c"d="e"/>',
  '\u{1f600}',
  "<?xml version='1.0'?>",
];

/** Damages some places of a stream. @param {Pick} pick @param {Buffer} bytes @returns {Buffer} */
export function damage(pick, bytes) {
  let out = bytes;
  for (let n = 1 + pick(3); n > 0; n--) {
    const at = pick(out.length + 1);
    const head = out.subarray(0, at);
    const kind = pick(6);
    if (kind === 0) out = Buffer.concat([head, out.subarray(at + 1 + pick(4))]);
    else if (kind === 1)
      out = Buffer.concat([head, Buffer.from([pick(256)]), out.subarray(at + 1)]);
    else if (kind === 2) {
      const from = pick(out.length);
      out = Buffer.concat([head, out.subarray(from, from + pick(40)), out.subarray(at)]);
    } else
      out = Buffer.concat([
        head,
        Buffer.from(one(pick, SHARDS)),
        out.subarray(at + (kind === 3 ? 1 : 0)),
      ]);
  }
  return out;
}
