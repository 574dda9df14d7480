import { createHmac } from 'node:crypto';
import { temporaryCredentials } from './credentials.ts';

const NOW = Date.UTC(2026, 0, 1, 12, 0, 10);
const SECRET = 'north';

test('the password is what a TURN server makes of the name and the secret', () => {
  const { username, password } = temporaryCredentials(SECRET, 'juliet@example.org', NOW, 1);
  expect(password).toBe(createHmac('sha1', SECRET).update(username).digest('base64'));
});

test('they are good for at least the time asked for, and the name says until when', () => {
  const { username, expiresAtMs = 0 } = temporaryCredentials(SECRET, 'juliet@example.org', NOW, 1);
  expect(expiresAtMs).toBeGreaterThanOrEqual(NOW + 3_600_000);
  expect(Number(username.split(':')[0])).toBe(expiresAtMs / 1000);
});

test('whoever asks again soon gets the same ones', () => {
  const first = temporaryCredentials(SECRET, 'juliet@example.org', NOW, 1);
  expect(temporaryCredentials(SECRET, 'juliet@example.org', NOW + 60_000, 1)).toEqual(first);
});

test('the name gives away no address, and differs from user to user', () => {
  const juliet = temporaryCredentials(SECRET, 'juliet@example.org', NOW, 1);
  const romeo = temporaryCredentials(SECRET, 'romeo@example.org', NOW, 1);
  expect(juliet.username).not.toContain('juliet');
  expect(juliet.username).not.toBe(romeo.username);
});
