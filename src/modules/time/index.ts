// XEP-0202 (2.0): the server's time. Clients answer for themselves: what is for a full JID passes.
import type { Module, ModuleHost } from '../../host/module.ts';
import { NS } from '../../protocol/namespaces.ts';
import { StanzaError } from '../../protocol/stanza-error.ts';
import { formatTimestamp } from '../../protocol/timestamp.ts';
import type { Bytes } from '../../xml/bytes.ts';

export const time: Module = {
  declaration: {
    name: 'time',
    summary: 'Says what time it is at the server.',
    xeps: [{ spec: 'XEP-0202', version: '2.0', status: 'complete' }],
    features: { host: [NS.time] },
  },
  setup(host: ModuleHost): void {
    host.iq('host', NS.time, 'time', ({ type }) => {
      if (type !== 'get') throw new StanzaError('bad-request');
      const now = host.clock.now();
      return `<time xmlns='${NS.time}'><tzo>${zoneOf(now)}</tzo><utc>${formatTimestamp(now)}</utc></time>` as Bytes;
    });
  },
};

/** XEP-0202 §3, XEP-0082 §3.2: the offset from UTC, `+hh:mm` or `-hh:mm`. @param minutes behind UTC, as Date has it */
export function zoneOf(nowMs: number, minutes = new Date(nowMs).getTimezoneOffset()): string {
  const ahead = Math.abs(minutes);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${minutes > 0 ? '-' : '+'}${two(Math.floor(ahead / 60))}:${two(ahead % 60)}`;
}
