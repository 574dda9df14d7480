import type { SaslExchange } from '../auth/sasl-exchange.ts';
import type { SaslFailure } from '../auth/sasl-step.ts';
import type { StreamError } from '../protocol/stream-error.ts';
import type { Stanza } from '../xml/stanza.ts';
import { Attempts } from './attempts.ts';
import { SaslNegotiation } from './sasl.ts';

const MISFIT: SaslFailure = { kind: 'failure', condition: 'not-authorized', misfit: true };
const WRONG: SaslFailure = { kind: 'failure', condition: 'not-authorized' };

/** A negotiation whose attempts end as told, and the stream errors it has asked for. */
function negotiation(): { attempt(outcome: SaslFailure): void; ended: StreamError[] } {
  const ended: StreamError[] = [];
  let next: SaslFailure = WRONG;
  const exchange = { start: () => next, abort() {} } as unknown as SaslExchange;
  const sasl = new SaslNegotiation({
    attempts: new Attempts(),
    begin: () => exchange,
    write() {},
    hold() {},
    release() {},
    authenticated() {},
    end: (error) => ended.push(error),
    broken() {},
  });
  const auth = { name: 'auth', text: () => '=', attr: () => 'PLAIN' } as unknown as Stanza;
  return {
    ended,
    attempt(outcome) {
      next = outcome;
      sasl.element(auth);
    },
  };
}

describe('failed attempts on one stream', () => {
  test('the fifth wrong password ends it', () => {
    const { attempt, ended } = negotiation();
    for (let i = 0; i < 4; i++) attempt(WRONG);
    expect(ended).toHaveLength(0);
    attempt(WRONG);
    expect(ended.map((error) => error.condition)).toEqual(['policy-violation']);
  });

  test('six mechanisms that do not fit the channel leave room for a password', () => {
    const { attempt, ended } = negotiation();
    for (let i = 0; i < 6; i++) attempt(MISFIT);
    attempt(WRONG);
    expect(ended).toHaveLength(0);
  });

  test('mechanisms that do not fit cannot be tried for ever', () => {
    const { attempt, ended } = negotiation();
    for (let i = 0; i < 8; i++) attempt(MISFIT);
    expect(ended.map((error) => error.condition)).toEqual(['policy-violation']);
  });
});
