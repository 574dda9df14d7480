// RFC 6120 §4: streams, how they open, how they close, and how they end in error.
import { Client, login } from '../helpers/client.ts';
import { Connection, HEADER } from '../helpers/connection.ts';
import { HOST, TestServer } from '../helpers/server.ts';
import { childrenOf, conditionOf, textOf, type Element } from '../helpers/xml.ts';
import { pause } from '../helpers/waiting.ts';

const STREAMS = 'http://etherx.jabber.org/streams';
const ERRORS = 'urn:ietf:params:xml:ns:xmpp-streams';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({
    config: { limits: { connectionsPerAddress: 0, unauthenticatedTimeoutMs: 2000 } },
  });
});
afterAll(async () => {
  await server.close();
});

/** Sends this on a new connection. @returns the error that ends the stream */
async function errorOf(input: string | Buffer): Promise<Element> {
  const connection = await Connection.open(server);
  connection.send(input);
  const header = await connection.take('header');
  // RFC 6120 §4.9.1.2: an error during the opening stands in a stream of the server's.
  expect(header.element).toMatchObject({ name: 'stream', ns: STREAMS });
  return await connection.streamError();
}

describe('§4.2 and §4.7, the opening', () => {
  const openings: readonly (readonly [string, string])[] = [
    ['in single quotes', HEADER],
    ['in double quotes', HEADER.replaceAll("'", '"')],
    [
      'with an XML declaration that names UTF-8',
      HEADER.replace("version='1.0'?", "version='1.0' encoding='UTF-8'?"),
    ],
    ['without an XML declaration', HEADER.slice(HEADER.indexOf('?>') + 2)],
    ['behind line breaks', HEADER.replace('?>', '?>\r\n\n')],
    ['over many lines', HEADER.replaceAll(' ', '\n\t')],
    [
      'with a prefix of its own for the stream',
      HEADER.replaceAll('stream:', 's:').replace(':stream=', ':s='),
    ],
    ['for the domain in capitals', HEADER.replace(HOST, HOST.toUpperCase())],
    [
      'of a later minor version',
      HEADER.replace("to='localhost' version='1.0'", "to='localhost' version='1.7'"),
    ],
  ];

  test.each(openings)('a header %s is answered', async (_how, header) => {
    const connection = await Connection.open(server);
    connection.openStream(header);
    const { element } = await connection.take('header');
    expect(element).toMatchObject({ name: 'stream', ns: STREAMS });
    expect((await connection.element()).name).toBe('features');
    connection.destroy();
  });

  test('a header in two pieces is answered, wherever it is cut', async () => {
    const bytes = Buffer.from(HEADER);
    for (let from = 1; from < bytes.length; from += 16) {
      const cuts = Array.from({ length: Math.min(16, bytes.length - from) }, (_, n) => from + n);
      const answers = cuts.map(async (cut) => {
        const connection = await Connection.open(server);
        connection.send(bytes.subarray(0, cut));
        await pause(5);
        connection.send(bytes.subarray(cut));
        await connection.take('header');
        expect((await connection.element()).name).toBe('features');
        connection.destroy();
      });
      await Promise.all(answers);
    }
  });

  test('a header byte by byte is answered', async () => {
    const connection = await Connection.open(server);
    for (const byte of Buffer.from(HEADER)) {
      connection.send(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await connection.take('header');
    expect((await connection.element()).name).toBe('features');
    connection.destroy();
  });

  test('§4.7: the answer says from, id, version and language, and `to` to whom said `from`', async () => {
    const ids = new Set<string>();
    for (let n = 0; n < 3; n++) {
      const connection = await Connection.open(server);
      connection.openStream(HEADER.replace(' to=', " from='juliet@localhost' to="));
      const { attrs } = (await connection.take('header')).element;
      expect(attrs).toMatchObject({
        from: HOST,
        to: 'juliet@localhost',
        version: '1.0',
        'xml:lang': 'en',
      });
      ids.add(attrs['id'] ?? '');
      connection.destroy();
    }
    // §4.7.3: unpredictable and never the same.
    expect(ids.size).toBe(3);
    for (const id of ids) expect(id.length).toBeGreaterThanOrEqual(16);
  });
});

describe('§4.9, what ends a stream before log-in', () => {
  const cases: readonly (readonly [string, string | Buffer, string])[] = [
    ['text that is no XML', 'GET / HTTP/1.1\r\n\r\n', 'not-well-formed'],
    ['tags that do not match', `${HEADER}<a></b>`, 'not-well-formed'],
    ['an attribute twice', `${HEADER}<a b='1' b='2'/>`, 'not-well-formed'],
    ['a prefix that is not declared', `${HEADER}<a:b/>`, 'not-well-formed'],
    ['a control character', `${HEADER}<a>\u0001</a>`, 'not-well-formed'],
    ['a comment', `${HEADER}<!-- hello -->`, 'restricted-xml'],
    ['a processing instruction', `${HEADER}<?php?>`, 'restricted-xml'],
    ['a document type', `<!DOCTYPE x>${HEADER}`, 'restricted-xml'],
    ['an entity of its own', `${HEADER}<a>&lol;</a>`, 'restricted-xml'],
    [
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from(`${HEADER}<a>`), Buffer.of(0xc3, 0x28)]),
      'unsupported-encoding',
    ],
    [
      'another encoding',
      HEADER.replace("version='1.0'?", "version='1.0' encoding='ISO-8859-1'?"),
      'unsupported-encoding',
    ],
    ['a stream of another namespace', HEADER.replace(STREAMS, 'urn:streams'), 'invalid-namespace'],
    [
      'stanzas of another namespace',
      HEADER.replace('jabber:client', 'jabber:server'),
      'invalid-namespace',
    ],
    [
      'a root that is no stream',
      HEADER.replaceAll('stream:stream', 'stream:flow'),
      'invalid-namespace',
    ],
    ['no version', HEADER.replace(" version='1.0'>", '>'), 'unsupported-version'],
    [
      'version 0.9',
      HEADER.replace("localhost' version='1.0'", "localhost' version='0.9'"),
      'unsupported-version',
    ],
    ['a domain that is not served', HEADER.replace(HOST, 'elsewhere.example'), 'host-unknown'],
    ['an address that is none', HEADER.replace(HOST, 'a@@b'), 'improper-addressing'],
    ['text between elements', `${HEADER}hello`, 'invalid-xml'],
    ['a stanza before log-in', `${HEADER}<message to='a@localhost'/>`, 'not-authorized'],
    ['an element that nobody knows', `${HEADER}<hello xmlns='urn:hello'/>`, 'not-authorized'],
    [
      'more than is taken before log-in',
      `${HEADER}<a>${'x'.repeat(20_000)}</a>`,
      'policy-violation',
    ],
    ['elements too deep', `${HEADER}${'<a>'.repeat(400)}`, 'policy-violation'],
  ];

  test.each(cases)('%s', async (_what, input, condition) => {
    const error = await errorOf(input);
    expect(error).toMatchObject({ name: 'error', ns: STREAMS });
    expect(conditionOf(error)).toBe(condition);
    for (const child of childrenOf(error)) expect(child.ns).toBe(ERRORS);
  });

  test('§4.9.3.3: who does not log in within the time set is told connection-timeout', async () => {
    const connection = await Connection.open(server);
    await connection.features();
    expect(conditionOf(await connection.streamError())).toBe('connection-timeout');
  });

  test('half a header that drips in is cut by time', async () => {
    const connection = await Connection.open(server);
    const drip = (async () => {
      for (const byte of HEADER.slice(0, 40)) {
        if (!connection.usable) return;
        connection.send(byte);
        await pause(150);
      }
    })();
    expect(conditionOf(await connection.streamError())).toBe('connection-timeout');
    await drip;
  });
});

describe('§4.9, what ends a stream with a session', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['§4.9.3.24: an element that is no stanza', '<hello/>', 'unsupported-stanza-type'],
    [
      'an element of a namespace that nobody knows',
      "<hello xmlns='urn:hello'/>",
      'unsupported-stanza-type',
    ],
    [
      '§4.9.3.9: a stanza in the name of somebody else',
      "<message from='other@localhost'/>",
      'invalid-from',
    ],
    ['a stanza from no address', "<message from='@'/>", 'invalid-from'],
    ['text between stanzas', '<presence/>hello', 'invalid-xml'],
    ['a comment in a message', '<message><!-- --></message>', 'restricted-xml'],
    [
      'a stanza over the limit',
      `<message><body>${'x'.repeat(300_000)}</body></message>`,
      'policy-violation',
    ],
    ['XEP-0198 without it', "<r xmlns='urn:xmpp:sm:3'/>", 'unsupported-stanza-type'],
  ];

  test.each(cases)('%s', async (_what, input, condition) => {
    const client = await Client.login(server, server.user());
    client.sendRaw(input);
    expect(conditionOf(await client.connection.streamError())).toBe(condition);
  });

  test('§4.9.1.1: another session does not notice', async () => {
    const good = await Client.login(server, server.user(), { online: true });
    const bad = await Client.login(server, server.user());
    bad.sendRaw(`<message to='${good.bare}' type='headline'><body>hi</bad></message>`);
    expect(conditionOf(await bad.connection.streamError())).toBe('not-well-formed');
    expect(await good.drained()).toEqual([]);
  });
});

describe('§4.4, the close', () => {
  test('a close tag is answered with a close tag, and the connection ends', async () => {
    const client = await Client.login(server, server.user());
    client.sendRaw('</stream:stream>');
    await client.connection.take('close tag');
    await client.connection.take('end');
  });

  test('what was sent before the close tag is handled', async () => {
    const bob = await Client.login(server, server.user(), { online: true });
    const alice = await Client.login(server, server.user(), { resource: 'a' });
    alice.sendRaw(
      `<message to='${bob.bare}' type='headline' id='last'><body>bye</body></message></stream:stream>`,
    );
    await bob.receives(
      `<message from='${alice.jid}' to='${bob.bare}' type='headline' id='last'><body>bye</body></message>`,
    );
  });

  test('a client that ends its side of the connection is answered and forgotten', async () => {
    const user = server.user();
    const watch = await Client.login(server, user, { resource: 'watch', online: true });
    const gone = await Client.login(server, user, { resource: 'gone' });
    gone.send('<presence/>');
    await watch.receives(`<presence from='${gone.jid}' to='${user.bare}'/>`);
    gone.connection.end();
    await watch.receives(`<presence from='${gone.jid}' to='${user.bare}' type='unavailable'/>`);
  });
});

test('§4.6.1: white space keeps a connection alive and means nothing', async () => {
  const client = await Client.login(server, server.user(), { managed: true });
  client.sendRaw(' \n\t\r\n ');
  client.send('<presence/>');
  client.sendRaw('\n');
  await client.isAcknowledged();
});

test('§4.3.3: after log-in a new stream is opened on the same connection, under a new id', async () => {
  const user = server.user();
  const connection = await Connection.open(server);
  connection.openStream();
  const first = (await connection.take('header')).element.attrs['id'];
  await connection.element();
  expect((await login(connection, user.local, user.password)).name).toBe('success');
  connection.openStream();
  expect((await connection.take('header')).element.attrs['id']).not.toBe(first);
  const features = await connection.element('features');
  expect(childrenOf(features).map(({ name }) => name)).toContain('bind');
  expect(childrenOf(features).map(({ name }) => name)).not.toContain('mechanisms');
  connection.destroy();
});

test('§4.9.3.20: a server that stops tells those who cannot resume', async () => {
  const plain = await Client.login(server, server.user());
  const stranger = await Connection.open(server);
  await stranger.features();
  const ends = Promise.all([plain.connection.streamError(), stranger.streamError()]);
  await server.restart();
  for (const error of await ends) {
    expect(conditionOf(error)).toBe('system-shutdown');
    expect(textOf(error)).toBe('');
  }
});
