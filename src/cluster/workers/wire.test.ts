import fc from 'fast-check';
import { ascii, type Bytes } from '../../xml/bytes.ts';
import type { LinkSink } from '../link-sink.ts';
import { type WireHello, WireReader, WireWriter } from './wire.ts';

const hello: WireHello = {
  protocol: { version: 1, minimum: 1 },
  slot: 2,
  epoch: 1_700_000_000_000,
  received: 7,
  toEpoch: 3,
  announced: false,
  ready: true,
};

/** Notes what it is told as plain data. */
class Notes implements LinkSink {
  readonly said: unknown[] = [];
  frame = (...rest: unknown[]): void => void this.said.push(['frame', ...rest]);
  done = (...rest: unknown[]): void => void this.said.push(['done', ...rest]);
  announce = (...rest: unknown[]): void => void this.said.push(['announce', ...rest]);
  announced = (): void => void this.said.push(['announced']);
  ready = (): void => void this.said.push(['ready']);
  bye = (): void => void this.said.push(['bye']);
  byeOk = (): void => void this.said.push(['byeOk']);
}

const bytes = fc
  .uint8Array({ maxLength: 5_000 })
  .map((array) => Buffer.from(array).toString('latin1') as Bytes);
const numbers = fc
  .uniqueArray(fc.integer({ min: 1, max: 2 ** 40 }), { maxLength: 20 })
  .map((list) => list.sort((a, b) => a - b));

test('what one side writes the other reads, wherever the bytes are split', () => {
  const message = fc.oneof(
    fc.tuple(fc.constant('frame'), fc.integer({ min: 1, max: 50 }), fc.boolean(), bytes),
    fc.tuple(fc.constant('done'), fc.constant(2 ** 41), numbers),
    fc.tuple(fc.constant('announce'), bytes),
    fc.tuple(fc.constantFrom('announced', 'ready', 'bye', 'byeOk')),
  );
  fc.assert(
    fc.property(fc.array(message), fc.array(fc.integer({ min: 1, max: 400 })), (messages, cuts) => {
      const writer = new WireWriter();
      writer.hello(hello);
      const asked = new Notes();
      let no = 0;
      for (const [name, ...rest] of messages) {
        if (name === 'frame') rest[0] = no += rest[0] as number;
        for (const side of [writer, asked]) {
          (side as unknown as Record<string, (...args: unknown[]) => void>)[name as string]?.(
            ...rest,
          );
        }
      }
      const heard = new Notes();
      let greeting: WireHello | undefined;
      const reader = new WireReader({
        onHello: (said) => {
          greeting = said;
          return heard;
        },
      });
      const wire = Buffer.from(writer.take(), 'latin1');
      let at = 0;
      for (const cut of cuts) {
        reader.push(wire.subarray(at, (at += cut)));
        if (at >= wire.length) break;
      }
      reader.push(wire.subarray(at));
      expect(greeting).toEqual(hello);
      expect(heard.said).toEqual(asked.said);
    }),
  );
});

test('a message of a type this version does not know is skipped', () => {
  const writer = new WireWriter();
  writer.hello(hello);
  const heard = new Notes();
  const reader = new WireReader({ onHello: () => heard });
  reader.push(Buffer.from(writer.take(), 'latin1'));
  reader.push(Buffer.from([99, 0, 0, 3, 1, 2, 3]));
  writer.frame(1, false, ascii('after'));
  reader.push(Buffer.from(writer.take(), 'latin1'));
  expect(heard.said).toEqual([['frame', 1, false, 'after']]);
});

test('a message before the hello ends the connection', () => {
  const writer = new WireWriter();
  writer.frame(1, false, ascii('early'));
  writer.hello(hello);
  let greeted = false;
  const reader = new WireReader({
    onHello: () => {
      greeted = true;
      return undefined;
    },
  });
  reader.push(Buffer.from(writer.take(), 'latin1'));
  expect(greeted).toBe(false);
});
