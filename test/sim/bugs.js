// Deliberate bugs, planted into the production classes: a simulation that does not see them is worth nothing.
import { SessionRef } from '../../dist/account/session-ref.js';
import { LinkPeer } from '../../dist/cluster/link-peer.js';
import { Delivery } from '../../dist/offline/delivery.js';
import { Crossing } from '../../dist/router/crossing.js';
import { Ledger } from '../../dist/session/ledger.js';
import { Session } from '../../dist/session/session.js';

export const BUGS = {
  /** `h` counts a stanza as soon as it was handled, durable or not. */
  'early-h': () => {
    Ledger.prototype.owe = () => undefined;
  },
  /** What comes again after a crash does not say so. */
  'lost-again': () => {
    const { frame } = LinkPeer.prototype;
    LinkPeer.prototype.frame = function unmarked(no, _again, payload) {
      frame.call(this, no, false, payload);
    };
    Session.prototype.mayRepeat = () => undefined;
  },
  /** What needs no commit leaves at once, although something before it waits for one. */
  overtaking: () => {
    SessionRef.prototype.deliver = function overtaking(stanza, reference = 0) {
      this.port.deliver(stanza, reference);
    };
  },
  /** What a session may have seen is never given to another. */
  stranded: () => {
    Delivery.prototype.tick = () => undefined;
  },
  /** A new process of a slot is not told which sessions others hold of its addresses. */
  'no-announcement': () => {
    Crossing.prototype.announce = function* nothing() {
      // Says nothing.
    };
  },
};

export function plant(name) {
  BUGS[name]();
}
