import net from 'node:net';

/**
 * Listens on a free port of loopback.
 * @param {net.Server} server
 * @returns {Promise<number>} the port
 */
export function listen(server) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () =>
      resolve(/** @type {net.AddressInfo} */ (server.address()).port),
    );
  });
}

/** A port that was free a moment ago. */
export async function freePort() {
  const server = net.createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
