// A third-party module that goes wrong in every way there is, when a message with the right id asks for it.
import { EventEmitter } from 'node:events';

const ORDER = { order: 500, why: 'anywhere' };

/** @param {string} where */
function fail(where) {
  throw new TypeError(`a fault ${where}`);
}

export const module = {
  declaration: { name: 'misbehaving', summary: 'Goes wrong on demand.', xeps: [] },
  setup(host) {
    let timerFails = false;
    let timerSpins = false;
    const events = new EventEmitter();
    events.on('fault', () => fail('in an event callback'));
    host.every(50, () => {
      while (timerSpins);
      if (!timerFails) return;
      timerFails = false;
      fail('in a timer');
    });
    host.iq('account', 'urn:test:fault', 'fault', () => fail('in an iq handler'));
    host.on('message.in', ORDER, (stanza) => {
      // An error that goes back to the sender has the id of what it answers.
      if (stanza.type === 'error') return undefined;
      switch (stanza.id) {
        case 'fault-hook':
          return fail('in a hook');
        case 'fault-timer':
          timerFails = true;
          return undefined;
        case 'fault-event':
          setImmediate(() => events.emit('fault'));
          return undefined;
        case 'fault-promise':
          void Promise.resolve().then(() => fail('in a promise that nobody waits for'));
          return undefined;
        case 'fault-spin-at-once':
          for (;;);
        case 'fault-spin':
          // Later, when this message is done with: else its sender's worker would give it to the next process too.
          timerSpins = true;
          return undefined;
        default:
          return undefined;
      }
    });
    host.on('session.available', ORDER, (_account, session) => {
      if (session.jid.resource === 'fault') fail('in a life-cycle hook');
    });
  },
};
