// A network between client and server that can be held and cut. Programs in any language steer it by lines on a port:
// `hold` (nothing passes any more), `cut` (connections end, new ones are refused), `open`; each is answered `done`.
import net from 'node:net';
import { listen } from './ports.js';

/**
 * @param {number} serverPort
 * @returns {Promise<{ port: number, controlPort: number, close(): void }>}
 */
export async function startProxy(serverPort) {
  let open = true;
  let held = false;
  /** @type {Set<net.Socket>} */
  const sockets = new Set();

  const network = net.createServer((client) => {
    if (!open) {
      client.destroy();
      return;
    }
    const server = net.connect(serverPort, '127.0.0.1');
    for (const [from, to] of [
      [client, server],
      [server, client],
    ]) {
      sockets.add(from);
      from.on('data', (bytes) => {
        if (!held) to.write(bytes);
      });
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });

  const commands = {
    hold() {
      held = true;
    },
    cut() {
      open = false;
      for (const socket of sockets) socket.destroy();
    },
    open() {
      open = true;
      held = false;
    },
  };
  const control = net.createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      for (const word of bytes.toString().trim().split('\n')) {
        commands[word]?.();
        socket.write(word in commands ? 'done\n' : 'what?\n');
      }
    });
  });

  const port = await listen(network);
  const controlPort = await listen(control);
  return {
    port,
    controlPort,
    close() {
      commands.cut();
      network.close();
      control.close();
    },
  };
}
