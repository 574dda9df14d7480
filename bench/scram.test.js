import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScramKeyCache, ScramLogin } from './scram.js';

// RFC 5802 §5
const NONCE = 'fyko+d2lbbFgONRv9qkxdawL';
const CHALLENGE = 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096';

test('the exchange of RFC 5802 is reproduced', () => {
  const login = new ScramLogin(new ScramKeyCache('pencil'), 'user', NONCE);
  assert.equal(login.first(), `n,,n=user,r=${NONCE}`);
  assert.equal(
    login.respond(CHALLENGE),
    'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
  );
  assert.equal(login.verify('v=rmF9pqV8S7suAoZWja4dJRkFsKQ='), true);
});

test('a server without the keys is found out', () => {
  const login = new ScramLogin(new ScramKeyCache('pencil'), 'user', NONCE);
  login.respond(CHALLENGE);
  assert.equal(login.verify('v=AAAAAAAAAAAAAAAAAAAAAAAAAAA='), false);
});

test("a challenge that does not continue the client's nonce is refused", () => {
  const login = new ScramLogin(new ScramKeyCache('pencil'), 'user', NONCE);
  assert.throws(() => login.respond(CHALLENGE.replace('fyko', 'okyf')), /bad SCRAM challenge/);
});
