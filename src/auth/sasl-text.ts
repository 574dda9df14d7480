// How SASL data is written inside XMPP elements: base64, strictly. RFC 6120 §6.4.2, RFC 4648 §4.

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * The data in `<auth/>`, `<response/>`: `=` and nothing at all both mean zero bytes.
 * An `<auth/>` without text has no initial response, which is another thing: its caller passes `undefined` to `start`.
 * @returns undefined: not base64; answer `incorrect-encoding` (RFC 6120 §6.5.5)
 */
export function decodeSasl(text: string): Buffer | undefined {
  if (text === '=' || text === '') return Buffer.alloc(0);
  if (!BASE64.test(text)) return undefined;
  const data = Buffer.from(text, 'base64');
  // RFC 4648 §3.5: the bits left over before the padding are zero, so that each value has one spelling.
  return text.endsWith('=') && data.toString('base64') !== text ? undefined : data;
}

/**
 * The text of `<challenge/>` and `<success/>`.
 * COMPAT(all): zero bytes are written as nothing, as the other servers do; clients read a `=` here as an error.
 */
export function encodeSasl(data: Buffer | undefined): string {
  return data === undefined ? '' : data.toString('base64');
}

/**
 * The data in elements of SASL2, where zero bytes are an empty element and `=` means nothing.
 * White space around it is let pass: it is in the examples. @source XEP-0388 §2.2 (v1.0.4)
 * @returns undefined: not base64; answer `incorrect-encoding`
 */
export function decodeSasl2(text: string): Buffer | undefined {
  const bare = text.trim();
  return bare === '=' ? undefined : decodeSasl(bare);
}
