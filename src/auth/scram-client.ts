// A SCRAM client as RFC 5802 §3 computes it, apart from the server's code, so that neither hides the other's mistakes.
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

export interface ClientOptions {
  readonly username: string;
  readonly password: string;
  readonly digest: 'sha1' | 'sha256' | 'sha512';
  readonly nonce?: string;
  readonly gs2Header?: string;
  readonly channel?: Buffer;
}

/** One attempt of a client; each message is text. */
export class ScramClient {
  readonly options: ClientOptions;
  /** What the server must answer, known after `last`. */
  serverFinal = '';
  private readonly bare: string;
  private readonly gs2Header: string;

  constructor(options: ClientOptions) {
    this.options = options;
    this.gs2Header = options.gs2Header ?? 'n,,';
    const name = options.username.replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.bare = `n=${name},r=${options.nonce ?? 'fyko+d2lbbFgONRv9qkxdawL'}`;
  }

  first(): Buffer {
    return Buffer.from(this.gs2Header + this.bare);
  }

  /** @param edit a change to the message before it is signed */
  last(challenge: Buffer, edit: (unsigned: string) => string = (unsigned) => unsigned): Buffer {
    const { digest } = this.options;
    const text = challenge.toString();
    // What the server adds behind is not for us, but signed all the same (RFC 5802 §7).
    const [, nonce = '', salt = '', iterations = ''] =
      /^r=([^,]+),s=([^,]+),i=(\d+)(?:,.*)?$/.exec(text) ?? [];
    const bytes = createHash(digest).digest().length;
    const salted = pbkdf2Sync(
      this.options.password.normalize('NFKC'),
      Buffer.from(salt, 'base64'),
      Number(iterations),
      bytes,
      digest,
    );
    const hmac = (key: Buffer, data: string): Buffer =>
      createHmac(digest, key).update(data).digest();
    const clientKey = hmac(salted, 'Client Key');
    const storedKey = createHash(digest).update(clientKey).digest();
    const channel = this.options.channel ?? Buffer.alloc(0);
    const binding = Buffer.concat([Buffer.from(this.gs2Header), channel]).toString('base64');
    const unsigned = edit(`c=${binding},r=${nonce}`);
    const signed = `${this.bare},${text},${unsigned}`;
    const signature = hmac(storedKey, signed);
    const proof = clientKey.map((byte, i) => byte ^ (signature[i] ?? 0));
    this.serverFinal = `v=${hmac(hmac(salted, 'Server Key'), signed).toString('base64')}`;
    return Buffer.from(`${unsigned},p=${Buffer.from(proof).toString('base64')}`);
  }
}
