// The properties that a stream must have after our reader and writer: P1 to P4, as test/property/xml.test.ts states them.
import assert from 'node:assert/strict';
import { attr, canonical, expected, fromElement, judge } from './oracle.js';

/**
 * @typedef {object} Library the parts of src/xml under test
 * @property {any} Tokenizer
 * @property {any} XmlContext
 * @property {(...args: any[]) => string} render
 * @property {(...args: any[]) => string} element
 * @property {(...args: any[]) => any} readStanza
 * @property {any} limits
 */

export const FRAMES = ['c2s', 's2s', 'websocket', 'bosh', 'forwarded'];
const XML_NS = 'http://www.w3.org/XML/1998/namespace';

/**
 * Reads bytes in chunks of the given sizes; the last size repeats.
 * @param {Library} lib @param {any} context @param {Buffer} bytes @param {readonly number[]} sizes
 */
export function read(lib, context, bytes, sizes) {
  /** @type {{header: any, stanzas: any[], closed: boolean, error: any, closedAt: number}} */
  const seen = { header: undefined, stanzas: [], closed: false, error: undefined, closedAt: 0 };
  const tokenizer = new lib.Tokenizer(
    context,
    {
      onOpen: (/** @type {any} */ header) => void (seen.header = header),
      onStanza: (/** @type {any} */ stanza) => void seen.stanzas.push(stanza),
      onClose: () => void (seen.closed = true),
    },
    lib.limits,
  );
  let at = 0;
  try {
    for (let i = 0; at < bytes.length && !seen.closed; i++) {
      const size = sizes[Math.min(i, sizes.length - 1)];
      // A copy that is overwritten afterwards: nothing may refer to the chunk.
      const chunk = Buffer.from(bytes.subarray(at, at + size));
      at += chunk.length;
      tokenizer.push(chunk);
      chunk.fill(0x58);
    }
  } catch (error) {
    seen.error = error;
  }
  seen.closedAt = at;
  return seen;
}

/** The text of bytes, or undefined if they are not UTF-8. @param {Buffer} bytes */
function decode(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const escape = (/** @type {string} */ value) =>
  value.replace(/[&<>'"\t\r\n]/g, (char) => `&#${char.charCodeAt(0)};`);

const wrap = (/** @type {string} */ ns, /** @type {string} */ inner) =>
  `<stream:stream xmlns='${escape(ns)}' xmlns:stream='http://etherx.jabber.org/streams'>${inner}</stream:stream>`;

/** @param {string} output @param {string} ns @returns {any} the one element in a frame */
function readBack(output, ns) {
  const text = decode(Buffer.from(output, 'latin1'));
  assert.ok(text !== undefined, 'P4: output is UTF-8');
  const verdict = judge(wrap(ns, text));
  assert.ok(verdict.ok, `P4: ${verdict.reason}`);
  const children = verdict.root?.children ?? [];
  assert.equal(children.length, 1, 'P4: one element');
  return children[0];
}

/** @param {Library} lib @param {any} stanza @param {any} node @param {any} header @param {readonly string[]} frames */
function checkStanza(lib, stanza, node, header, frames) {
  assert.equal(stanza.name, node.name, 'name');
  assert.equal(stanza.ns, node.ns, 'namespace');
  for (const name of ['from', 'to', 'id', 'type', 'node', '__proto__', 'constructor']) {
    assert.equal(stanza.attr(name), attr(node, name), `attribute ${name}`);
  }
  assert.equal(stanza.lang, attr(node, 'lang', XML_NS) ?? header.lang, 'lang');
  // P3: the table.
  const nodes = node.children.filter((/** @type {any} */ c) => typeof c !== 'string');
  assert.deepEqual(
    stanza.children.map((/** @type {any} */ c) => [c.name, c.ns]),
    nodes.map((/** @type {any} */ c) => [c.name, c.ns]),
    'P3: child table',
  );
  assert.equal(
    stanza.text(),
    node.children.filter((/** @type {any} */ c) => typeof c === 'string').join(''),
    'text',
  );
  for (const [i, child] of stanza.children.entries()) {
    const bytes = stanza.content.slice(child.start, child.end);
    const back = readBack(bytes, stanza.ns);
    assert.equal(canonical(back, undefined), canonical(nodes[i], undefined), 'P3: range');
    const text = nodes[i].children.filter((/** @type {any} */ c) => typeof c === 'string').join('');
    assert.equal(stanza.childText(child), text, 'P3: text of a child');
    assert.equal(
      canonical(fromElement(stanza.childElement(child), ''), undefined),
      canonical(nodes[i], undefined),
      'tree',
    );
  }
  const whole = fromElement(stanza.element(), '');
  const { attrs } = whole;
  assert.equal(
    canonical({ ...whole, attrs: [] }, undefined),
    canonical({ ...node, attrs: [] }, undefined),
    'whole tree',
  );
  assert.deepEqual(
    attrs.filter(([ns]) => ns === ''),
    node.attrs.filter((/** @type {any} */ a) => a[0] === ''),
    'attributes of the tree',
  );
  const written = readBack(lib.element(stanza.element(), 'urn:frame'), 'urn:frame');
  assert.equal(canonical(written, undefined), canonical(whole, undefined), 'written tree');
  // P1: every frame.
  const { from, to, id, type, lang } = stanza;
  for (const frame of frames) {
    const frameNs = frame === 's2s' ? 'jabber:server' : 'jabber:client';
    const output = lib.render(stanza, frame, { from, to, id, type, lang });
    const outer = frame === 'c2s' || frame === 's2s' ? frameNs : 'urn:other';
    const back = canonical(readBack(output, outer), undefined);
    assert.equal(back, expected(node, frameNs, header.lang), `P1: ${frame}`);
    const again = lib.readStanza(stanza.context, output, outer);
    assert.equal(
      lib.render(again, frame, { from, to, id, type, lang }),
      output,
      `P1: ${frame}, stable`,
    );
  }
}

/**
 * Checks all properties of one stream.
 * @param {Library} lib
 * @param {Buffer} bytes
 * @param {{frames?: readonly string[], splits: readonly (readonly number[])[], contexts: readonly any[]}} how
 * @returns {{accepted: boolean, stanzas: number}}
 */
export function check(lib, bytes, { frames = FRAMES, splits, contexts }) {
  const [context] = contexts;
  const whole = read(lib, context, bytes, [bytes.length]);
  const accepted = whole.closed && whole.error === undefined;
  if (whole.error !== undefined && whole.error.name !== 'XmlError') throw whole.error;
  // P2: every split gives the same.
  for (const sizes of splits) {
    const split = read(lib, context, bytes, sizes);
    assert.equal(
      split.closed && split.error === undefined,
      accepted,
      `P2: split ${sizes.join(',')}`,
    );
    assert.equal(split.error?.condition, whole.error?.condition, `P2: split ${sizes.join(',')}`);
    assert.deepEqual(
      split.stanzas.map(strip),
      whole.stanzas.map(strip),
      `P2: stanzas, split ${sizes.join(',')}`,
    );
  }
  if (whole.error?.condition === 'policy-violation') return { accepted, stanzas: 0 };
  // What follows the end of the stream is not read.
  const end = accepted ? read(lib, context, bytes, [1]).closedAt : bytes.length;
  const text = decode(bytes.subarray(0, end));
  const verdict =
    text === undefined
      ? { ok: false, reason: 'not UTF-8', isUnsure: false, root: undefined }
      : judge(text);
  if (verdict.isUnsure) return { accepted, stanzas: 0 };
  if (!accepted && verdict.ok && isReferenceBetweenStanzas(lib, context, whole, text ?? '')) {
    return { accepted, stanzas: 0 };
  }
  assert.equal(
    accepted,
    verdict.ok,
    `P2: ${whole.error?.message ?? 'accepted'}; oracle: ${verdict.reason}`,
  );
  if (!accepted || verdict.root === undefined) return { accepted, stanzas: 0 };
  const nodes = verdict.root.children;
  for (const each of contexts) {
    const { stanzas, header } = each === context ? whole : read(lib, each, bytes, [bytes.length]);
    assert.equal(stanzas.length, nodes.length, 'number of stanzas');
    for (const [i, stanza] of stanzas.entries()) checkStanza(lib, stanza, nodes[i], header, frames);
  }
  return { accepted, stanzas: nodes.length };
}

/**
 * White space between stanzas is ignored, a reference to white space there is character data for us (RFC 6120 §11.7 knows
 * white space only), while the oracle reports the resolved text. Read with the white space itself, the stream must pass.
 * @param {Library} lib @param {any} context @param {any} whole @param {string} text
 */
function isReferenceBetweenStanzas(lib, context, whole, text) {
  if (whole.error?.message !== 'invalid-xml: character data between stanzas') return false;
  const plain = text.replace(/&#(?:x0*(?:9|a|d|20)|0*(?:9|10|13|32));/gi, ' ');
  const again = read(lib, context, Buffer.from(plain), [plain.length * 4]);
  return again.closed && again.error === undefined;
}

/** @param {any} stanza */
function strip(stanza) {
  const { name, ns, from, to, id, type, lang, content, children, mask } = stanza;
  return { name, ns, from, to, id, type, lang, content, children, mask };
}
