// One connection to the server as a test holds it: bytes out as written, what comes in read by saxes and queued.
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { HOST, type TestServer } from './server.ts';
import { canonical, StreamParser, type Element } from './xml.ts';
import { within } from './waiting.ts';

export const WAIT_MS = 8000;

export type Incoming =
  | { readonly kind: 'header'; readonly element: Element }
  | { readonly kind: 'element'; readonly element: Element }
  /** `</stream:stream>` */
  | { readonly kind: 'close tag' }
  /** The server's FIN. */
  | { readonly kind: 'end' }
  /** The connection is gone. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'broken'; readonly error: Error };

export interface ConnectOptions {
  /** `direct`: TLS from the first byte. */
  readonly tls?: 'none' | 'direct';
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** What the client shows in the handshake (SASL EXTERNAL). */
  readonly certificate?: { readonly key: string; readonly cert: string };
  /** Of the host that is asked for in the handshake. */
  readonly servername?: string;
  /** An address of this machine to come from: failed log-ins slow down whoever shares it. */
  readonly from?: string;
  /** Our side stays open when the server has ended its own. */
  readonly halfOpen?: boolean;
}

export const HEADER = `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='${HOST}' version='1.0'>`;

export class Connection {
  readonly server: TestServer;
  socket: Socket;
  /** All that was received, as text. */
  received = '';
  /** Looks at what comes first; true: it was dealt with and is not queued. */
  filter: ((element: Element) => boolean) | undefined;
  private readonly queue: Incoming[] = [];
  private waiting: (() => void) | undefined;
  private parser: StreamParser;

  constructor(server: TestServer, socket: Socket) {
    this.server = server;
    this.socket = socket;
    this.parser = this.newParser();
    this.listen();
  }

  static async open(server: TestServer, options: ConnectOptions = {}): Promise<Connection> {
    const direct = options.tls === 'direct';
    const socket = direct
      ? connectTls({
          port: server.tlsPort,
          host: '127.0.0.1',
          servername: options.servername ?? HOST,
          ...options.certificate,
          rejectUnauthorized: false,
          ALPNProtocols: ['xmpp-client'],
          ...(options.maxVersion === undefined ? {} : { maxVersion: options.maxVersion }),
        })
      : connectTcp({
          port: server.port,
          host: '127.0.0.1',
          localAddress: options.from ?? '127.0.0.1',
          allowHalfOpen: options.halfOpen === true,
        });
    await within(
      new Promise<void>((resolve, reject) => {
        socket.once(direct ? 'secureConnect' : 'connect', resolve);
        socket.once('error', reject);
      }),
      WAIT_MS,
      () => 'a connection',
    );
    return new Connection(server, socket);
  }

  send(text: string | Buffer): void {
    this.socket.write(text);
  }

  /** Sends a stream header; what comes next belongs to a new stream. */
  openStream(header = HEADER): void {
    this.parser = this.newParser();
    this.send(header);
  }

  /** Opens a stream. @returns its features */
  async features(): Promise<Element> {
    this.openStream();
    await this.take('header');
    return await this.element();
  }

  /** Asks for TLS and begins it. The next thing is a header. */
  async startTls(options: { readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3' } = {}): Promise<void> {
    this.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    await this.element('proceed');
    await this.secure(options);
  }

  async secure(options: { readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3' } = {}): Promise<void> {
    const plain = this.socket;
    plain.removeAllListeners();
    const secure: Socket = connectTls({
      socket: plain,
      servername: HOST,
      rejectUnauthorized: false,
      ...options,
    });
    await within(
      new Promise<void>((resolve, reject) => {
        secure.once('secureConnect', resolve);
        secure.once('error', reject);
      }),
      WAIT_MS,
      () => 'a TLS handshake',
    );
    this.socket = secure;
    this.listen();
  }

  get tls(): TLSSocket {
    if (!(this.socket instanceof TLSSocket)) throw new TypeError('there is no TLS here');
    return this.socket;
  }

  /** The next thing to come, whatever it is. */
  async next(waitMs = WAIT_MS): Promise<Incoming> {
    if (this.queue.length === 0) {
      const arrival = new Promise<void>((resolve) => (this.waiting = resolve));
      await within(arrival, waitMs, () => `something to come\n${this.server.log()}`);
    }
    return this.queue.shift() as Incoming;
  }

  /** The next thing to come, which must be of that kind. */
  async take<K extends Incoming['kind']>(kind: K): Promise<Extract<Incoming, { kind: K }>> {
    const incoming = await this.next();
    if (incoming.kind !== kind)
      throw new TypeError(`${describe(incoming)} came instead of ${kind}\n${this.server.log()}`);
    return incoming as Extract<Incoming, { kind: K }>;
  }

  /** The next thing to come, which must be an element. @param name which one */
  async element(name?: string): Promise<Element> {
    const { element } = await this.take('element');
    if (name !== undefined && element.name !== name)
      throw new TypeError(`${canonical(element)} came instead of <${name}/>`);
    return element;
  }

  /**
   * The end of a stream by its error: RFC 6120 §4.9.1.1.
   * @returns the error, once the close tag and the end of the connection were seen
   */
  async streamError(): Promise<Element> {
    let incoming = await this.next();
    while (
      incoming.kind === 'header' ||
      (incoming.kind === 'element' && incoming.element.name !== 'error')
    )
      incoming = await this.next();
    if (incoming.kind !== 'element')
      throw new TypeError(`${describe(incoming)} came, not an error`);
    await this.take('close tag');
    await this.take('end');
    this.destroy();
    return incoming.element;
  }

  /** It is open and read. */
  get usable(): boolean {
    return !this.socket.destroyed && !this.socket.writableEnded && !this.socket.isPaused();
  }

  /** What has come and was not taken, without waiting. */
  pending(): readonly Incoming[] {
    return this.queue;
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private listen(): void {
    const { socket } = this;
    socket.setNoDelay(true);
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      this.received += text;
      try {
        this.parser.write(text);
      } catch (error) {
        this.push({ kind: 'broken', error: error as Error });
      }
    });
    socket.on('end', () => this.push({ kind: 'end' }));
    socket.on('close', () => this.push({ kind: 'gone' }));
    socket.on('error', () => undefined);
  }

  private newParser(): StreamParser {
    return new StreamParser({
      header: (element) => this.push({ kind: 'header', element }),
      element: (element) => {
        if (this.filter?.(element) !== true) this.push({ kind: 'element', element });
      },
      closeTag: () => this.push({ kind: 'close tag' }),
      broken: (error) => this.push({ kind: 'broken', error }),
    });
  }

  private push(incoming: Incoming): void {
    this.queue.push(incoming);
    this.waiting?.();
    this.waiting = undefined;
  }
}

export function describe(incoming: Incoming): string {
  if (incoming.kind === 'element') return canonical(incoming.element);
  return incoming.kind === 'broken' ? `broken XML (${incoming.error.message})` : incoming.kind;
}
