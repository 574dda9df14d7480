// Commands about the devices that log in to an account.
import { OperatorError } from '../util/errors.ts';
import { accountAddress, words } from './arguments.ts';
import { command, requireWorkers } from './command.ts';

export interface DeviceInfo {
  readonly id: string;
  readonly software: string;
  readonly device: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly lastSeenAt: number;
  /** Tokens that it may log in with. */
  readonly tokens: number;
}

/** A page must fit into one frame of the control socket; those seen last come first. */
const MAX_BYTES = 48_000;

export const deviceList = command({
  noun: 'device',
  verb: 'list',
  describe: 'Lists the devices that have logged in to an account, the one seen last first.',
  args: { address: accountAddress },
  offline: true,
  async run(context, args) {
    const all = (await requireWorkers(context).owner(
      args.address,
      'device.list',
    )) as readonly DeviceInfo[];
    let bytes = 0;
    const devices = all.filter(
      (each) => (bytes += Buffer.byteLength(JSON.stringify(each))) <= MAX_BYTES,
    );
    return { devices };
  },
});

export const deviceRevoke = command({
  noun: 'device',
  verb: 'revoke',
  describe: 'Ends the tokens and sessions of a device and forgets it.',
  args: { address: accountAddress, id: words(200) },
  offline: true,
  async run(context, args) {
    const workers = requireWorkers(context);
    const { revoked } = (await workers.owner(args.address, 'device.revoke', { id: args.id })) as {
      revoked: boolean;
    };
    if (!revoked) {
      throw new OperatorError(
        'device-missing',
        `${args.address} has no device ${args.id}`,
        'Look at `xmppd device list`.',
      );
    }
    await workers.all('device.end', args);
    return args;
  },
});
