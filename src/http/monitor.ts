// The port for monitoring: /metrics, /health and /ready, and nothing else. Meant for loopback: nobody is asked who he is.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { OperatorError } from '../util/errors.ts';
import type { Log } from '../util/log.ts';

export interface MonitorParts {
  /** Text for Prometheus. */
  readonly metrics: () => Promise<string>;
  /** The server does its work, however slowly: whoever supervises it need not end it. */
  readonly healthy: () => boolean;
  /** Clients are taken: a balancer may send some. */
  readonly ready: () => boolean;
  readonly log: Log;
}

export interface Monitor {
  readonly port: number;
  close(): void;
}

/** Scrapers and probes keep a connection or two each. */
const MAX_CONNECTIONS = 32;
const REQUEST_MS = 5000;
const IDLE_MS = 65_000;
const MAX_HEADER_BYTES = 8192;
const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';
const PLAIN = 'text/plain; charset=utf-8';

/**
 * @param at `127.0.0.1:9100`, `[::1]:9100`; port 0 takes any free one
 * @throws OperatorError `port-in-use`, `listen-failed` (rejects)
 */
export async function openMonitor(at: string, parts: MonitorParts): Promise<Monitor> {
  const colon = at.lastIndexOf(':');
  const host = at.slice(0, colon).replaceAll(/[[\]]/g, '');
  const routes = new Routes(parts);
  const server = createServer(
    { maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS },
    (request, response) => void routes.answer(request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.keepAliveTimeout = IDLE_MS;
  await listen(server, host, Number(at.slice(colon + 1)), at);
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

class Routes {
  private readonly parts: MonitorParts;
  /** Several scrapers at once are answered from one gathering. */
  private gathering: Promise<string> | undefined;

  constructor(parts: MonitorParts) {
    this.parts = parts;
  }

  /** Never rejects. */
  async answer({ method, url = '/' }: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = url.split('?', 1)[0];
    if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      this.end(response, 405, PLAIN, 'method not allowed\n');
    } else if (path === '/metrics') {
      await this.metrics(response);
    } else if (path === '/health') {
      this.verdict(response, this.parts.healthy(), 'healthy');
    } else if (path === '/ready') {
      this.verdict(response, this.parts.ready(), 'ready');
    } else {
      this.end(response, 404, PLAIN, 'here are /metrics, /health and /ready\n');
    }
  }

  private async metrics(response: ServerResponse): Promise<void> {
    try {
      this.gathering ??= this.parts.metrics();
      this.end(response, 200, PROMETHEUS, await this.gathering);
    } catch (error) {
      this.parts.log.error({ err: error }, 'metrics could not be gathered');
      this.end(response, 500, PLAIN, 'the log of the server says why\n');
    } finally {
      this.gathering = undefined;
    }
  }

  private verdict(response: ServerResponse, isSo: boolean, what: string): void {
    this.end(response, isSo ? 200 : 503, PLAIN, isSo ? `${what}\n` : `not ${what}\n`);
  }

  private end(response: ServerResponse, status: number, type: string, body: string): void {
    response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
    response.end(body);
  }
}

function listen(server: Server, host: string, port: number, at: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const inUse = error.code === 'EADDRINUSE';
      reject(
        new OperatorError(
          inUse ? 'port-in-use' : 'listen-failed',
          `cannot serve metrics on ${at}: ${inUse ? 'another program uses the port' : error.message}`,
          'Set another address below `http.metrics`, or leave it out.',
          { cause: error },
        ),
      );
    });
    server.listen({ host, port }, resolve);
  });
}
