// `xmppd check compliance` against the real server.
import { TestServer } from '../helpers/server.ts';

interface Verdict {
  readonly domain: string;
  readonly suites: readonly { readonly name: string; readonly level: string }[];
  readonly tester: {
    readonly passed: number;
    readonly missing: readonly { readonly name: string; readonly todo: string }[];
  };
}

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ accounts: 1 });
});

afterAll(() => server.close());

describe('xmppd check compliance', () => {
  it('tells what is there and what is missing, and leaves no account behind', async () => {
    const before = await server.cli('user', 'list');
    const { code, output } = await server.cli('--json', 'check', 'compliance');
    expect(code).toBe(0);
    const verdict = JSON.parse(output) as Verdict;
    expect(verdict.domain).toBe(server.host);
    expect(verdict.suites.map(({ name }) => name)).toEqual([
      'Core',
      'Web',
      'IM',
      'Mobile',
      'A/V calling',
    ]);
    const missing = verdict.tester.missing.map(({ name }) => name);
    for (const there of ['xep0198', 'roster_versioning', 'xep0160', 'xep0313'])
      expect(missing).not.toContain(there);
    // The certificate that the server made for itself is nobody's.
    for (const lacking of ['xep0368', 'xep0077', 'stun', 'turn'])
      expect(missing).toContain(lacking);
    expect(await server.cli('user', 'list')).toEqual(before);
  });

  it('is for people without --json', async () => {
    const { output } = await server.cli('check', 'compliance', server.host);
    expect(output).toMatch(/^XMPP Compliance Suites 2023 \(XEP-0479\), localhost\n {2}Core: /);
    expect(output).toMatch(/\nConversations compliance tester: \d+ of 21\n/);
  });

  it('refuses a host that is not served', async () => {
    const { code, errors } = await server.cli('check', 'compliance', 'elsewhere.example');
    expect(code).not.toBe(0);
    expect(errors).toContain('host-unknown');
  });
});
