// xmppd device list | revoke
import type { Command } from 'commander';
import { addAsked, columns } from './front.ts';
import type { CliSession } from './session.ts';

export function addDevices(program: Command, session: CliSession): void {
  addAsked(program, session, 'device list', {
    usage: '<address>',
    args: ({ args: [address] }) => ({ address }),
    text: ({ devices }) =>
      devices.length === 0
        ? 'No device has said which it is.'
        : columns([
            ['DEVICE', 'LAST SEEN', 'TOKENS', 'SOFTWARE'],
            ...devices.map((each) => [
              each.id,
              new Date(each.lastSeenAt).toISOString().replace('T', ' ').slice(0, 19),
              String(each.tokens),
              [each.software, each.device].filter((text) => text !== '').join(' on '),
            ]),
          ]),
  });
  addAsked(program, session, 'device revoke', {
    usage: '<address> <id>',
    args: ({ args: [address, id] }) => ({ address, id }),
    text: ({ id }) => `${id} must log in with its password again.`,
  });
}
