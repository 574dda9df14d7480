// The syntax of SCRAM messages, read exactly: RFC 5802 §7. Nothing here knows a password.

export interface ClientFirst {
  /** `n,,`, `y,,a=…,`, `p=tls-exporter,,`: returned by the client in `c=`, inside its proof. */
  readonly gs2Header: string;
  /** n: the client knows no channel binding; y: it does and thinks that we do not; p: it binds. */
  readonly flag: 'n' | 'y' | 'p';
  /** Of `p=`, else empty. */
  readonly bindingType: string;
  /** Empty if none. */
  readonly authzid: string;
  readonly username: string;
  readonly nonce: string;
  /** client-first-message-bare: the first part of what is signed. */
  readonly bare: string;
}

export interface ClientFinal {
  /** Base64 of gs2 header and channel-binding data, as sent. */
  readonly binding: string;
  readonly nonce: string;
  readonly proof: Buffer;
  /** client-final-message-without-proof: the last part of what is signed. */
  readonly withoutProof: string;
}

// RFC 5802 §7: gs2-cbind-flag = ("p=" cb-name) / "n" / "y"; cb-name = 1*(ALPHA / DIGIT / "." / "-")
const GS2_HEADER = /^(?:(n|y)|p=([A-Za-z0-9.-]+)),(?:a=([^,]+))?,/;
// c-nonce = 1*printable, which is ASCII without the comma
const NONCE = /^r=([\x21-\x2b\x2d-\x7e]+)$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
// attr-val with a letter that the RFC does not give a meaning (a c e i m n p r s v have one, and a place of their own)
const EXTENSION = /^(?![aceimnprsv])[A-Za-z]=.+$/s;

/** @returns undefined: not what the RFC calls a client-first-message, or one with a mandatory extension */
export function parseClientFirst(message: string): ClientFirst | undefined {
  const header = GS2_HEADER.exec(message);
  if (!header || message.includes('\0')) return undefined;
  const gs2Header = header[0];
  const bare = message.slice(gs2Header.length);
  const [name = '', nonce = '', ...extensions] = bare.split(',');
  // RFC 5802 §5.1: "m=" comes first and means that whoever does not know it must refuse; we know none.
  if (!name.startsWith('n=')) return undefined;
  const username = decodeSaslName(name.slice(2));
  const authzid = header[3] === undefined ? '' : decodeSaslName(header[3]);
  const nonceText = NONCE.exec(nonce)?.[1];
  if (username === undefined || authzid === undefined || nonceText === undefined) return undefined;
  if (!extensions.every((extension) => EXTENSION.test(extension))) return undefined;
  const flag = header[1] === 'n' ? 'n' : header[1] === 'y' ? 'y' : 'p';
  const bindingType = header[2] ?? '';
  return { gs2Header, flag, bindingType, authzid, username, nonce: nonceText, bare };
}

/** @returns undefined: not what the RFC calls a client-final-message */
export function parseClientFinal(message: string): ClientFinal | undefined {
  if (message.includes('\0')) return undefined;
  const parts = message.split(',');
  const [binding = '', nonce = ''] = parts;
  const proof = parts.length < 3 ? '' : (parts.at(-1) ?? '');
  if (!binding.startsWith('c=') || !proof.startsWith('p=')) return undefined;
  const nonceText = NONCE.exec(nonce)?.[1];
  const proofText = proof.slice(2);
  if (nonceText === undefined || proofText === '' || !BASE64.test(proofText)) return undefined;
  if (!parts.slice(2, -1).every((extension) => EXTENSION.test(extension))) return undefined;
  return {
    binding: binding.slice(2),
    nonce: nonceText,
    proof: Buffer.from(proofText, 'base64'),
    withoutProof: message.slice(0, -proof.length - 1),
  };
}

/** RFC 5802 §5.1: `=2C` is a comma and `=3D` an equals sign; any other `=` is an error, and so is no name at all. */
export function decodeSaslName(text: string): string | undefined {
  if (text === '') return undefined;
  if (!text.includes('=')) return text;
  if (/=(?!2C|3D)/.test(text)) return undefined;
  return text.replace(/=2C/g, ',').replace(/=3D/g, '=');
}
