// Commands about the devices that an account logs in from.
import { OperatorError } from '../util/errors.ts';
import { accountAddress, words } from './arguments.ts';
import { command, requireWorkers } from './command.ts';

export interface DeviceInfo {
  /** What the client calls its installation: a UUID. */
  readonly id: string;
  /** As the client says; '' if it does not. */
  readonly software: string;
  readonly device: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly lastSeenAt: number;
  /** Tokens that it may log in with instead of a password. */
  readonly tokens: number;
}

const MAX_ID = 100;
/** A page must fit into one frame of the control socket. */
const MAX_LISTED = 100;

export const deviceList = command({
  noun: 'device',
  verb: 'list',
  describe: 'Lists the devices that an account logs in from, the one seen last first.',
  args: { address: accountAddress },
  offline: true,
  async run(context, { address }): Promise<{ devices: readonly DeviceInfo[] }> {
    const found = await requireWorkers(context).owner(address, 'device.list', {
      limit: MAX_LISTED,
    });
    return { devices: found as readonly DeviceInfo[] };
  },
});

export const deviceRevoke = command({
  noun: 'device',
  verb: 'revoke',
  describe:
    'Forgets a device: its tokens are void, its sessions end. It may log in by password again.',
  args: { address: accountAddress, id: words(MAX_ID) },
  offline: true,
  async run(context, { address, id }) {
    const workers = requireWorkers(context);
    const device = id.toLowerCase();
    const { revoked } = (await workers.owner(address, 'device.revoke', { device })) as {
      revoked: boolean;
    };
    if (!revoked) {
      throw new OperatorError(
        'device-missing',
        `${address} has no device ${id}`,
        'Look at `xmppd device list`.',
      );
    }
    // Its connections may be on any worker.
    const ended = (await workers.all('device.end', { account: address, device })) as number[];
    return { address, id: device, ended: ended.reduce((sum, count) => sum + count, 0) };
  },
});
