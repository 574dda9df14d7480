// Cost of reading a typical message, with and without the rebuilt start tag: node bench/xml.js [--count N] [--dist DIR]
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '2000000' },
    dist: { type: 'string', default: 'dist' },
  },
});
const at = (/** @type {string} */ file) => pathToFileURL(resolve(values.dist, 'xml', file)).href;
const { Tokenizer } = await import(at('tokenizer.js'));
const { XmlContext } = await import(at('xml-context.js'));
const { STANZA_LIMITS } = await import(at('limits.js'));
const { render } = await import(at('forward.js'));

const HEADER =
  "<?xml version='1.0'?><stream:stream to='bench.local' version='1.0' xml:lang='en' xmlns='jabber:client' " +
  "xmlns:stream='http://etherx.jabber.org/streams'>";

/** A message as a chat client sends it, 354 bytes. */
function message(/** @type {number} */ user, /** @type {number} */ number) {
  const id = `${String(number).padStart(8, '0')}-9f1c-4e7a-b1de-0`;
  return (
    `<message to='u${user}@bench.local' type='chat' id='${id}'>` +
    `<body>${'the quick brown fox jumps over the lazy dog and runs on into the deep wood by ni'}</body>` +
    "<active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/>" +
    `<origin-id xmlns='urn:xmpp:sid:0' id='${id}-${id}'/></message>`
  );
}

/** Runs `count` messages in chunks of `perChunk` stanzas through a tokenizer and returns ns of CPU per message. */
function run(
  /** @type {number} */ count,
  /** @type {number} */ perChunk,
  /** @type {(stanza: any) => void} */ onStanza,
  /** @type {string[]} */ messages,
) {
  const context = new XmlContext();
  const sink = { onOpen() {}, onStanza, onClose() {} };
  const tokenizer = new Tokenizer(context, sink, STANZA_LIMITS);
  tokenizer.push(Buffer.from(HEADER));
  /** @type {Buffer[]} */
  const chunks = [];
  for (let i = 0; i < messages.length; i += perChunk) {
    chunks.push(Buffer.from(messages.slice(i, i + perChunk).join('')));
  }
  const turn = (/** @type {number} */ n) => {
    for (let i = 0; i < n; i += perChunk) tokenizer.push(chunks[(i / perChunk) % chunks.length]);
  };
  turn(count / 4);
  const start = process.cpuUsage();
  turn(count);
  const used = process.cpuUsage(start);
  return ((used.user + used.system) * 1000) / count;
}

const count = Number(values.count);
const messages = Array.from({ length: 8192 }, (_, i) => message(i % 200, i));
const length = Buffer.byteLength(messages[0]);
let seen = 0;
const rows = [
  ['read, 16 in a chunk', 16, (/** @type {any} */ stanza) => void (seen += stanza.children.length)],
  ['read, 1 in a chunk', 1, (/** @type {any} */ stanza) => void (seen += stanza.children.length)],
  [
    'read and render, 16 in a chunk',
    16,
    (/** @type {any} */ s) =>
      void (seen += render(s, 'c2s', {
        from: 'sender@bench.local/phone',
        to: s.to,
        id: s.id,
        type: s.type,
        lang: s.lang,
      }).length),
  ],
];
console.log(`node ${process.version}, ${length} bytes a message, ${count} messages a row`);
for (const [name, perChunk, onStanza] of rows) {
  console.log(
    `${String(name).padEnd(34)} ${run(count, Number(perChunk), /** @type {any} */ (onStanza), messages).toFixed(0)} ns`,
  );
}
const chunk = Buffer.from(messages.join(''));
const tick = process.hrtime.bigint();
for (let i = 0; i < 20; i++) chunk.toString('latin1');
console.log(
  `for scale: latin1 copy of the same bytes ${(Number(process.hrtime.bigint() - tick) / 20 / messages.length).toFixed(0)} ns`,
);
if (seen === 0) throw new RangeError('nothing was read');
