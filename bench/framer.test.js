import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attribute, contains, elementText, Framer } from './framer.js';

const HEADER = "<?xml version='1.0'?><stream:stream from='a' id='1' xmlns='jabber:client'>";

/** A framer that keeps what it hands out. */
function collector() {
  /** @type {string[]} */
  const elements = [];
  const framer = new Framer({
    onElement: (name, text, start, _head, end) => {
      elements.push(`${name} ${text.slice(start, end)}`);
    },
    onStreamEnd: () => void elements.push('end'),
  });
  return { framer, elements };
}

const STREAM =
  `${HEADER}<stream:features><a/></stream:features>\n<r xmlns='urn:xmpp:sm:3'/>` +
  "<message id='1'><result><message/><message><body>x &gt; y</body></message></result></message>" +
  "<messages/><iq type='result' id='a>b'><iqx>1</iqx></iq> <presence from='p'/></stream:stream>";

const EXPECTED = [
  'stream:features <stream:features><a/></stream:features>',
  "r <r xmlns='urn:xmpp:sm:3'/>",
  "message <message id='1'><result><message/><message><body>x &gt; y</body></message></result></message>",
  'messages <messages/>',
  "iq <iq type='result' id='a>b'><iqx>1</iqx></iq>",
  "presence <presence from='p'/>",
  'end',
];

test('a stream is cut into its elements, nested ones of the same name included', () => {
  const { framer, elements } = collector();
  framer.push(STREAM);
  assert.deepEqual(elements, EXPECTED);
});

test('the elements are the same wherever the stream is split', () => {
  for (let at = 1; at < STREAM.length; at++) {
    const { framer, elements } = collector();
    framer.push(STREAM.slice(0, at));
    framer.push(STREAM.slice(at));
    assert.deepEqual(elements, EXPECTED, `split at ${at}`);
  }
});

test('the elements are the same when the stream comes byte by byte', () => {
  const { framer, elements } = collector();
  for (const unit of STREAM) framer.push(unit);
  assert.deepEqual(elements, EXPECTED);
});

test('a restart drops what follows and expects a new header', () => {
  /** @type {string[]} */
  const names = [];
  const framer = new Framer({
    onElement: (name) => {
      names.push(name);
      if (name === 'success') framer.restart();
    },
    onStreamEnd: () => undefined,
  });
  framer.push(`${HEADER}<success/><lost/>`);
  framer.push(`${HEADER}<found/>`);
  assert.deepEqual(names, ['success', 'found']);
});

test('attributes are read in either quoting and only from the start tag', () => {
  const text = `<iq id="1" type='get'><x from='y'/></iq>`;
  const head = text.indexOf('>') + 1;
  assert.equal(attribute(text, 0, head, 'id'), '1');
  assert.equal(attribute(text, 0, head, 'type'), 'get');
  assert.equal(attribute(text, 0, head, 'from'), undefined);
});

test('text and occurrences are looked for inside the element alone', () => {
  const text = '<fin><set><last>abc</last></set></fin><last>def</last>';
  const end = text.indexOf('</fin>') + 6;
  assert.equal(elementText(text, 0, end, 'last'), 'abc');
  assert.equal(elementText(text, 0, end, 'las'), undefined);
  assert.equal(contains(text, 0, end, 'abc'), true);
  assert.equal(contains(text, 0, end, 'def'), false);
});
