import { StanzaReader } from '../xml/stanza-reader.ts';
import { XmlContext } from '../xml/xml-context.ts';
import type { Bytes } from '../xml/bytes.ts';
import type { Log } from '../util/log.ts';
import { InlineBinds } from './inline-bind.ts';
import type { AccountView, SessionView } from './views.ts';

const ACCOUNT = {} as AccountView;
const SESSION = {} as SessionView;
const BIND = new StanzaReader(new XmlContext()).read(
  "<bind xmlns='urn:xmpp:bind:0'><tag>T</tag><enable xmlns='a'/><other xmlns='b'/></bind>" as Bytes,
);

function binds(): { binds: InlineBinds; bugs: string[] } {
  const bugs: string[] = [];
  const log = { error: (_fields: object, message: string) => bugs.push(message) } as unknown as Log;
  return { binds: new InlineBinds(log), bugs };
}

test('each child goes to the module of its namespace, and answers come with what every binding is told', () => {
  const { binds: all } = binds();
  all.add('a', (request) => `<${request.name} xmlns='a:answer'/>` as Bytes);
  all.addAddition(() => "<metadata xmlns='m'/>" as Bytes);
  expect(all.run(BIND, ACCOUNT, SESSION)).toBe("<enable xmlns='a:answer'/><metadata xmlns='m'/>");
});

test('a namespace has one module, until it stops', () => {
  const { binds: all } = binds();
  expect(all.add('a', () => undefined)).toBe(true);
  expect(all.add('a', () => undefined)).toBe(false);
  all.remove('a');
  expect(all.takes('a')).toBe(false);
  expect(all.run(BIND, ACCOUNT, SESSION)).toBe('');
});

test('a module that throws costs its answer and nothing else', () => {
  const { binds: all, bugs } = binds();
  all.add('a', () => {
    throw new TypeError('oops');
  });
  all.add('b', () => '<b/>' as Bytes);
  expect(all.run(BIND, ACCOUNT, SESSION)).toBe('<b/>');
  expect(bugs).toHaveLength(1);
});
