// What saxes, an independent XML parser, says about a stream, and what RFC 6120 makes of it.
import saxes from 'saxes';

/**
 * @typedef {object} Node
 * @property {string} name local name
 * @property {string} ns
 * @property {boolean} inherits in the stanza's namespace without a declaration of its own
 * @property {[ns: string, name: string, value: string][]} attrs sorted, declarations left out
 * @property {(Node | string)[]} children adjacent text joined
 */
/**
 * @typedef {object} Verdict
 * @property {boolean} ok
 * @property {string} reason
 * @property {boolean} isUnsure saxes trims namespace names, which Namespaces in XML does not: its word counts not here
 * @property {Node | undefined} root
 */

// Namespaces in XML §4: both parts of a name are names. saxes looks at the first character of the whole only.
/** @param {string} local a name whose characters are all allowed somewhere in a name */
function isBadStart(local) {
  const code = local.charCodeAt(0);
  return /^[-.0-9\u00b7\u203f\u2040]/.test(local) || (code >= 0x300 && code <= 0x36f);
}
const XML_NS = 'http://www.w3.org/XML/1998/namespace';

/** @param {string} name @param {string} ns @returns {Node} */
const newNode = (name, ns) => ({ name, ns, inherits: false, attrs: [], children: [] });

/** @param {Node} node @param {string} text */
function addText(node, text) {
  if (text === '') return;
  const last = node.children.length - 1;
  if (typeof node.children[last] === 'string') node.children[last] += text;
  else node.children.push(text);
}

/**
 * Parses a whole document, and refuses what RFC 6120 §11 refuses.
 * @param {string} text
 * @returns {Verdict}
 */
export function judge(text) {
  const parser = new saxes.SaxesParser({ xmlns: true, position: false });
  let reason = '';
  const refuse = (/** @type {string} */ why) => {
    if (reason === '') reason = why;
  };
  /** @type {{node: Node, inherits: boolean}[]} */
  const open = [];
  /** @type {Node | undefined} */
  let root;
  let stanzaNs = '';
  if (text.charCodeAt(0) === 0xfeff) refuse('byte order mark');
  parser.on('error', (error) => refuse(error.message));
  parser.on('xmldecl', (decl) => {
    if (decl.version !== '1.0') refuse('version');
    if (decl.encoding !== undefined && decl.encoding.toLowerCase() !== 'utf-8') refuse('encoding');
  });
  parser.on('comment', () => refuse('comment'));
  parser.on('processinginstruction', () => refuse('processing instruction'));
  parser.on('doctype', () => refuse('doctype'));
  const onText = (/** @type {string} */ value) => {
    if (open.length > 1) addText(open[open.length - 1].node, value);
    else if (open.length === 1 && /[^ \t\r\n]/.test(value)) refuse('text between stanzas');
  };
  parser.on('text', onText);
  parser.on('cdata', (value) => {
    if (open.length < 2) refuse('CDATA between stanzas');
    onText(value);
  });
  let isUnsure = false;
  parser.on('attribute', ({ name, local, value }) => {
    if (isBadStart(local)) refuse('local name');
    if (/^xmlns(:|$)/.test(name) && value !== value.trim()) isUnsure = true;
  });
  parser.on('opentag', (tag) => {
    if (isBadStart(tag.local)) refuse('local name');
    const node = newNode(tag.local, tag.uri);
    const declares = Object.hasOwn(tag.attributes, 'xmlns');
    const parent = open[open.length - 1];
    let inherits = false;
    if (open.length === 1) {
      stanzaNs = tag.uri;
      node.inherits = true;
      inherits = (parser.resolve('') ?? '') === tag.uri;
    } else if (open.length > 1) {
      inherits = parent.inherits && !declares;
      node.inherits = inherits && tag.prefix === '';
      if (open.length === 2 && tag.uri === stanzaNs) {
        node.inherits = true;
        if (tag.prefix === '') inherits = true;
      } else if (tag.prefix !== '') inherits = false;
    }
    for (const { prefix, local, uri, value, name } of Object.values(tag.attributes)) {
      if (prefix === 'xmlns' || name === 'xmlns') continue;
      node.attrs.push([uri, local, value]);
    }
    node.attrs.sort((a, b) => (a[0] + ' ' + a[1] < b[0] + ' ' + b[1] ? -1 : 1));
    if (parent === undefined) root = node;
    else parent.node.children.push(node);
    open.push({ node, inherits });
  });
  parser.on('closetag', () => void open.pop());
  try {
    parser.write(text);
    parser.close();
  } catch (error) {
    refuse(String(error));
  }
  return { ok: reason === '', reason, isUnsure, root };
}

/** @param {Node} node @param {string} name @param {string} ns */
export function attr(node, name, ns = '') {
  return node.attrs.find((a) => a[0] === ns && a[1] === name)?.[2];
}

/**
 * One text for equal trees. Elements that inherit the stanza's namespace get `ns`.
 * @param {Node} node
 * @param {string | undefined} ns
 * @returns {string}
 */
export function canonical(node, ns) {
  const own = node.inherits && ns !== undefined ? ns : node.ns;
  const children = node.children.map((c) =>
    typeof c === 'string' ? JSON.stringify(c) : canonical(c, ns),
  );
  return `{${own}}${node.name}${JSON.stringify(node.attrs)}[${children.join('')}]`;
}

/**
 * The stanza as a frame with that content namespace must show it: own attributes only of the envelope, inherited
 * namespaces following the frame, children that claim the frame's namespace left out.
 * @param {Node} node
 * @param {string} frameNs
 * @param {string | undefined} streamLang
 */
export function expected(node, frameNs, streamLang) {
  const copy = newNode(node.name, node.ns);
  copy.inherits = true;
  for (const name of ['from', 'id', 'to', 'type']) {
    const value = attr(node, name);
    if (value !== undefined) copy.attrs.push(['', name, value]);
  }
  const lang = attr(node, 'lang', XML_NS) ?? streamLang;
  if (lang !== undefined) copy.attrs.push([XML_NS, 'lang', lang]);
  for (const child of node.children) {
    if (typeof child === 'string') addText(copy, child);
    else if (child.ns !== frameNs || child.ns === node.ns) copy.children.push(child);
  }
  return canonical(copy, frameNs);
}

/** @param {any} element an Element of @xmpp/xml @param {string} outerNs @returns {Node} */
export function fromElement(element, outerNs) {
  const ns = element.attrs.xmlns ?? outerNs;
  // The XML namespace is bound to its prefix and is no default: children go on with what is around.
  const isXml = element.name.startsWith('xml:');
  const node = newNode(isXml ? element.name.slice(4) : element.name, isXml ? XML_NS : ns);
  /** @type {Map<string, string>} */
  const prefixes = new Map([['xml', XML_NS]]);
  for (let el = element; el; el = el.parent) {
    for (const [key, value] of Object.entries(el.attrs)) {
      const prefix = key.startsWith('xmlns:') ? key.slice(6) : '';
      if (prefix !== '' && !prefixes.has(prefix)) prefixes.set(prefix, String(value));
    }
  }
  for (const [key, value] of Object.entries(element.attrs)) {
    if (key === 'xmlns' || key.startsWith('xmlns:')) continue;
    const colon = key.indexOf(':');
    if (colon < 0) node.attrs.push(['', key, String(value)]);
    else
      node.attrs.push([
        prefixes.get(key.slice(0, colon)) ?? '?',
        key.slice(colon + 1),
        String(value),
      ]);
  }
  node.attrs.sort((a, b) => (a[0] + ' ' + a[1] < b[0] + ' ' + b[1] ? -1 : 1));
  for (const child of element.children) {
    if (typeof child === 'string') addText(node, child);
    else node.children.push(fromElement(child, ns));
  }
  return node;
}
