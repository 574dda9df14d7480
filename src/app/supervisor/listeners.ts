// Opens the server's ports: all of them or none. Sockets come paused, unread, half-open allowed.
import { BlockList, createServer, isIP, type Server, type Socket } from 'node:net';
import { OperatorError } from '../../util/errors.ts';
import type { Log } from '../../util/log.ts';

/** One kind of connection on one port, on several addresses. */
export interface ListenerSettings {
  /** Handed on with each connection: c2s, c2s-tls, … */
  readonly kind: string;
  readonly addresses: readonly string[];
  /** 0 takes any free one. */
  readonly port: number;
  /** Addresses and networks whose connections begin with a PROXY header. */
  readonly proxies?: readonly string[];
}

/** Where a listener ended up. */
export interface BoundAddress {
  readonly kind: string;
  readonly address: string;
  readonly port: number;
}

export interface Listeners {
  readonly bound: readonly BoundAddress[];
  /** Stops accepting; connections handed on live. */
  close(): void;
}

/** @param proxied it begins with the header of a load balancer */
export type OnConnection = (socket: Socket, kind: string, proxied: boolean) => void;

const BACKLOG = 4_096;

/**
 * Opens every address. `::` beside `0.0.0.0` takes IPv6 only, alone it takes both.
 * @throws OperatorError `port-in-use`, `port-denied`, `address-invalid`, `listen-failed`; nothing stays open then
 */
export async function openListeners(
  settings: readonly ListenerSettings[],
  log: Log,
  onConnection: OnConnection,
): Promise<Listeners> {
  const servers: Server[] = [];
  const bound: BoundAddress[] = [];
  const close = (): void => {
    for (const server of servers) server.close();
  };
  try {
    for (const listener of settings) {
      const opened = await openListener(listener, log, onConnection);
      servers.push(...opened.servers);
      bound.push(...opened.bound);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { bound, close };
}

async function openListener(
  { kind, addresses, port, proxies }: ListenerSettings,
  log: Log,
  onConnection: OnConnection,
): Promise<{ servers: Server[]; bound: BoundAddress[] }> {
  const servers: Server[] = [];
  const bound: BoundAddress[] = [];
  let missing: OperatorError | undefined;
  const isProxied = proxied(proxies ?? []);
  for (const address of addresses) {
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
    server.on('connection', (socket) => onConnection(socket, kind, isProxied(socket)));
    try {
      // A free port taken for the first address serves the others too.
      const wanted = port === 0 ? (bound[0]?.port ?? 0) : port;
      const ipv6Only = addresses.includes('0.0.0.0');
      const actual = await listen(server, log, kind, address, wanted, ipv6Only);
      servers.push(server);
      bound.push({ kind, address, port: actual });
    } catch (error) {
      const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
      // A machine without IPv6 serves IPv4 by the same configuration.
      if (address === '::' && addresses.length > 1 && lacksFamily(cause)) {
        log.warn({ kind, address }, 'no IPv6 on this machine; listening without it');
        missing = error as OperatorError;
        continue;
      }
      for (const opened of servers) opened.close();
      throw error;
    }
  }
  if (servers.length === 0 && missing !== undefined) throw missing;
  return { servers, bound };
}

/** Whether a connection comes from one of these networks. */
function proxied(networks: readonly string[]): (socket: Socket) => boolean {
  if (networks.length === 0) return () => false;
  const list = new BlockList();
  for (const each of networks) {
    const [address = '', bits] = each.split('/');
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return ({ remoteAddress = '' }) => {
    // A socket for both families shows IPv4 as IPv6.
    const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/i, '');
    return isIP(address) !== 0 && list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
  };
}

function lacksFamily(cause: NodeJS.ErrnoException | undefined): boolean {
  return cause?.code === 'EAFNOSUPPORT' || cause?.code === 'EADDRNOTAVAIL';
}

function listen(
  server: Server,
  log: Log,
  kind: string,
  address: string,
  port: number,
  ipv6Only: boolean,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void =>
      reject(listenError(error, kind, address, port));
    server.once('error', onError);
    server.listen({ host: address, port, ipv6Only, backlog: BACKLOG }, () => {
      server.off('error', onError);
      // A connection that cannot be accepted (no memory, no buffers) is one connection less, not the end of the server.
      server.on('error', (error) => {
        log.warn({ kind, err: error }, 'a connection could not be accepted');
      });
      const actual = server.address();
      resolve(typeof actual === 'object' && actual !== null ? actual.port : port);
    });
  });
}

function listenError(
  cause: NodeJS.ErrnoException,
  kind: string,
  address: string,
  port: number,
): OperatorError {
  const where = `${address.includes(':') ? `[${address}]` : address}:${port} (${kind})`;
  switch (cause.code) {
    case 'EADDRINUSE':
      return new OperatorError(
        'port-in-use',
        `cannot listen on ${where}: another program uses the port`,
        `stop that program (\`ss -ltnp 'sport = :${port}'\` names it) or set another port below \`listen\``,
        { cause },
      );
    case 'EACCES':
    case 'EPERM':
      return new OperatorError(
        'port-denied',
        `cannot listen on ${where}: not permitted`,
        'ports below 1024 need CAP_NET_BIND_SERVICE; set a higher port below `listen`',
        { cause },
      );
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new OperatorError(
        'address-invalid',
        `cannot listen on ${where}: this machine has no such address`,
        'set an address of this machine below `listen`, or leave it out to listen on all',
        { cause },
      );
    default:
      return new OperatorError(
        'listen-failed',
        `cannot listen on ${where}: ${cause.message}`,
        'the system refused the port for the reason given',
        { cause },
      );
  }
}
