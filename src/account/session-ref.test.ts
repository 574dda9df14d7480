import { parseJid } from '../protocol/jid.ts';
import type { EndReason, SessionPort } from '../session/session-port.ts';
import { silentLog } from '../util/log.ts';
import type { Bytes } from '../xml/bytes.ts';
import { SessionRef } from './session-ref.ts';

class Port implements SessionPort {
  readonly given: string[] = [];
  readonly ends: EndReason[] = [];

  deliver(stanza: Bytes): void {
    this.given.push(stanza);
  }

  end(reason: EndReason): void {
    this.ends.push(reason);
  }
}

function session(): { ref: SessionRef; port: Port } {
  const port = new Port();
  return { ref: new SessionRef(parseJid('a@example.org/r'), 1, 0, port, silentLog), port };
}

const LARGE = 'x'.repeat(256 * 1024) as Bytes;

describe('a session that waits for a commit', () => {
  test('gives on in order what came behind it', () => {
    const { ref, port } = session();
    const held = ref.hold('first' as Bytes, 1);
    ref.deliver('second' as Bytes);
    ref.release(held);
    ref.deliver('third' as Bytes);
    expect(port.given).toEqual(['first', 'second', 'third']);
  });

  test('ends when more waits than may, and names every reference it was not given', () => {
    const { ref, port } = session();
    const held = ref.hold('first' as Bytes, 1);
    for (let i = 2; i <= 100; i++) ref.deliver(LARGE, i);
    expect(port.ends).toEqual(['resource-constraint']);
    ref.release(held);
    expect(port.given).toEqual([]);
    expect(ref.abandon()).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  });

  test('may wait with as much again once it was given what waited', () => {
    const { ref, port } = session();
    for (let round = 0; round < 3; round++) {
      const held = ref.hold('first' as Bytes, 1);
      for (let i = 0; i < 50; i++) ref.deliver(LARGE);
      ref.release(held);
    }
    expect(port.ends).toEqual([]);
    expect(port.given).toHaveLength(153);
  });
});
