// A seeded campaign against the reader and writer of XML: npm run fuzz -- --seed 1 --count 100000 --frame c2s
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { check, FRAMES } from './check.js';
import { damage, seeded, stream } from './generate.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    /** Stanzas to check in each frame. */
    count: { type: 'string', default: '20000' },
    /** One of the frames, or all. */
    frame: { type: 'string', default: 'all' },
    /** Where the compiled program is. */
    dist: { type: 'string', default: resolve(import.meta.dirname, '../../dist') },
  },
});

const load = (/** @type {string} */ file) =>
  import(pathToFileURL(resolve(values.dist, 'xml', file)).href);
const [tokenizer, context, forward, writer, take, limits] = await Promise.all(
  ['tokenizer.js', 'xml-context.js', 'forward.js', 'writer.js', 'take-stanza.js', 'limits.js'].map(
    load,
  ),
);
const lib = {
  Tokenizer: tokenizer.Tokenizer,
  XmlContext: context.XmlContext,
  render: forward.render,
  element: writer.element,
  readStanza: take.readStanza,
  limits: limits.STANZA_LIMITS,
};
const corpusAt = resolve(import.meta.dirname, 'corpus');
const corpus = readdirSync(corpusAt).map((file) => readFileSync(resolve(corpusAt, file)));
const frames = values.frame === 'all' ? FRAMES : [values.frame];
const wanted = Number(values.count);
const normal = new lib.XmlContext();
const forced = new lib.XmlContext();
forced.forceRewrite = true;
const started = performance.now();
const totals = { streams: 0, accepted: 0, stanzas: 0 };

for (let seed = Number(values.seed); totals.stanzas < wanted; seed++) {
  const pick = seeded(seed);
  let bytes =
    pick(8) === 0 && corpus.length > 0 ? corpus[pick(corpus.length)] : Buffer.from(stream(pick));
  if (pick(3) === 0) bytes = damage(pick, bytes);
  const splits = [[1 + pick(bytes.length), 1 + pick(32)]];
  if (pick(16) === 0) splits.push([1]);
  try {
    // Each is held to the oracle, so that the two mean the same.
    const contexts = [seed % 2 === 0 ? normal : forced];
    const { accepted, stanzas } = check(lib, bytes, { frames, splits, contexts });
    totals.streams++;
    if (accepted) totals.accepted++;
    totals.stanzas += stanzas;
  } catch (error) {
    console.error(`seed ${seed}:\n${bytes.toString('utf8')}\n${bytes.toString('base64')}`);
    console.error(error);
    process.exit(1);
  }
}
const seconds = (performance.now() - started) / 1000;
console.log(
  `${totals.stanzas} stanzas in ${totals.streams} streams (${totals.accepted} accepted), frames ${frames.join(' ')}, ` +
    `${seconds.toFixed(1)} s, no violation`,
);
