// XEP-0474: what was offered is part of what both sides sign in SCRAM; XEP-0480: keys for further hashes.
import { createHash, pbkdf2Sync, randomBytes } from 'node:crypto';
import type { Connection } from '../helpers/connection.ts';
import { ScramClient } from '../../src/auth/scram-client.ts';
import { TestServer, type User } from '../helpers/server.ts';
import { authenticateXml, failureIn, identifierOf, SASL2, secured } from '../helpers/sasl2.ts';
import { childOf, childrenOf, textOf, type Element } from '../helpers/xml.ts';

const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const UPGRADE = 'urn:xmpp:sasl:upgrade:0';
const SCRAM_UPGRADE = 'urn:xmpp:scram-upgrade:0';

let server: TestServer;

beforeAll(async () => {
  // The accounts were made with 4096.
  server = await TestServer.start({ config: { auth: { iterations: 5000 } } });
});
afterAll(async () => {
  await server.close();
});

function scramFor(user: User, digest: 'sha1' | 'sha256' | 'sha512'): ScramClient {
  const nonce = randomBytes(12).toString('hex');
  return new ScramClient({ username: user.local, password: user.password, digest, nonce });
}

describe('XEP-0474 §5.1', () => {
  test.each(['sha1', 'sha256', 'sha512'] as const)(
    'the hash by %s is that of the lists',
    async (digest) => {
      const { connection, features } = await secured(server);
      const mechanisms = childrenOf(childOf(features, 'mechanisms', SASL)!).map(textOf);
      const bindings = childrenOf(
        childOf(features, 'sasl-channel-binding', 'urn:xmpp:sasl-cb:0')!,
      ).map(({ attrs }) => attrs['type'] ?? '');
      const lists = `${mechanisms.sort().join('\x1e')}\x1f${bindings.sort().join('\x1e')}`;
      const h = createHash(digest).update(lists).digest('base64');
      const first = scramFor(server.user(), digest).first().toString('base64');
      const mechanism = `SCRAM-${digest.toUpperCase().replace('SHA', 'SHA-')}`;
      connection.send(`<auth xmlns='${SASL}' mechanism='${mechanism}'>${first}</auth>`);
      const challenge = Buffer.from(
        textOf(await connection.element('challenge')),
        'base64',
      ).toString();
      expect(challenge.endsWith(`,h=${h}`)).toBe(true);
      connection.destroy();
    },
  );
});

describe('XEP-0480', () => {
  /** Logs in by SCRAM-SHA-1, asking for upgrades. @returns what comes behind the proof */
  async function asking(user: User, tasks: readonly string[]): Promise<[Connection, Element]> {
    const { connection } = await secured(server);
    const children = tasks.map((task) => `<upgrade xmlns='${UPGRADE}'>${task}</upgrade>`).join('');
    const scram = scramFor(user, 'sha1');
    const login = { local: user.local, mechanism: 'SCRAM-SHA-1', children };
    connection.send(authenticateXml(login, scram.first()));
    const challenge = Buffer.from(textOf(await connection.element('challenge')), 'base64');
    connection.send(
      `<response xmlns='${SASL2}'>${scram.last(challenge).toString('base64')}</response>`,
    );
    return [connection, await connection.element()];
  }

  const taskOf = (element: Element): string =>
    textOf(childOf(childOf(element, 'tasks', SASL2)!, 'task', SASL2));

  async function perform(connection: Connection, user: User, task: string): Promise<Element> {
    connection.send(`<next xmlns='${SASL2}' task='${task}'/>`);
    const salt = childOf(await connection.element('task-data'), 'salt', SCRAM_UPGRADE)!;
    const digest = task.endsWith('512') ? 'sha512' : 'sha256';
    const salted = pbkdf2Sync(
      user.password,
      Buffer.from(textOf(salt), 'base64'),
      Number(salt.attrs['iterations']),
      digest === 'sha512' ? 64 : 32,
      digest,
    );
    connection.send(
      `<task-data xmlns='${SASL2}'><hash xmlns='${SCRAM_UPGRADE}'>${salted.toString('base64')}</hash></task-data>`,
    );
    return await connection.element();
  }

  test('§3.1: the tasks are listed', async () => {
    const { connection, features } = await secured(server);
    const authentication = childOf(features, 'authentication', SASL2)!;
    const tasks = childrenOf(authentication).filter(({ ns }) => ns === UPGRADE);
    expect(tasks.map(textOf)).toEqual(['UPGR-SCRAM-SHA-256', 'UPGR-SCRAM-SHA-512']);
    connection.destroy();
  });

  test('§4: keys with few iterations are replaced, one task after the other, and not asked for again', async () => {
    const user = server.user();
    const tasks = ['UPGR-SCRAM-SHA-256', 'UPGR-SCRAM-SHA-512'];
    const [connection, first] = await asking(user, tasks);
    expect(first.name).toBe('continue');
    expect(childOf(first, 'additional-data', SASL2)).toBeDefined();
    const second = await perform(connection, user, taskOf(first));
    expect(second.name).toBe('continue');
    expect(taskOf(second)).not.toBe(taskOf(first));
    const success = await perform(connection, user, taskOf(second));
    expect(identifierOf(success)).toBe(user.bare);
    expect(childOf(success, 'additional-data', SASL2)).toBeUndefined();
    connection.destroy();
    const [again, outcome] = await asking(user, tasks);
    expect(outcome.name).toBe('success');
    again.destroy();
    // The new keys are the password's.
    const { connection: next } = await secured(server);
    const scram = scramFor(user, 'sha256');
    const login = { local: user.local, mechanism: 'SCRAM-SHA-256' };
    next.send(authenticateXml(login, scram.first()));
    const challenge = Buffer.from(textOf(await next.element('challenge')), 'base64');
    expect(challenge.toString()).toContain('i=5000');
    next.send(`<response xmlns='${SASL2}'>${scram.last(challenge).toString('base64')}</response>`);
    expect((await next.element()).name).toBe('success');
    next.destroy();
  });

  test('tasks that nobody knows are passed over', async () => {
    const [connection, outcome] = await asking(server.user(), ['UPGR-BLOOP', 'UPGR-SCRAM-SHA-1']);
    expect(outcome.name).toBe('success');
    connection.destroy();
  });

  test.each([
    ['another task', `<next xmlns='${SASL2}' task='UPGR-SCRAM-SHA-512'/>`],
    ['data before it begins', `<task-data xmlns='${SASL2}'/>`],
    ['an end', `<abort xmlns='${SASL2}'/>`],
  ])('instead of the task, %s fails the log-in', async (_what, xml) => {
    const [connection] = await asking(server.user(), ['UPGR-SCRAM-SHA-256']);
    connection.send(xml);
    expect(failureIn(await connection.element())).toMatch(/^(malformed-request|aborted)$/);
    connection.destroy();
  });

  test.each([
    ['nothing', ''],
    ['no base64', '?'],
    ['the key of another hash', randomBytes(64).toString('base64')],
  ])('a SaltedPassword that is %s fails the log-in', async (_what, hash) => {
    const [connection] = await asking(server.user(), ['UPGR-SCRAM-SHA-256']);
    connection.send(`<next xmlns='${SASL2}' task='UPGR-SCRAM-SHA-256'/>`);
    await connection.element('task-data');
    connection.send(
      `<task-data xmlns='${SASL2}'><hash xmlns='${SCRAM_UPGRADE}'>${hash}</hash></task-data>`,
    );
    expect(failureIn(await connection.element())).toBe('malformed-request');
    connection.destroy();
  });
});
