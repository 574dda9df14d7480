import { OPTIONS } from './options.ts';

const TURN = { type: 'turn', host: 'turn.example.org' };
const accepts = (service: object): boolean => OPTIONS.safeParse({ services: [service] }).success;

test('a service needs a type and a host, and takes credentials of one kind', () => {
  expect(accepts(TURN)).toBe(true);
  expect(accepts({ ...TURN, secret: 's', ttlHours: 1 })).toBe(true);
  expect(accepts({ ...TURN, username: 'u', password: 'p' })).toBe(true);
});

test.each([
  ['no host', { type: 'turn' }],
  ['a name without a password', { ...TURN, username: 'u' }],
  ['a name and a secret', { ...TURN, username: 'u', password: 'p', secret: 's' }],
  ['a port that there is not', { ...TURN, port: 65_536 }],
  ['a transport that there is not', { ...TURN, transport: 'sctp' }],
  ['a word that nobody knows', { ...TURN, user: 'u' }],
])('%s is refused', (_what, service) => {
  expect(accepts(service)).toBe(false);
});
