// The header that a load balancer puts before the bytes of its client: PROXY protocol, versions 1 and 2 (HAProxy's
// proxy-protocol.txt, 2020-03-05). Only reads what is there; decides nothing about trust.
import { isIP } from 'node:net';

export type ProxyHeader =
  /** More bytes are needed. */
  | { readonly state: 'incomplete' }
  | { readonly state: 'wrong'; readonly reason: string }
  /** @param bytes its length: what follows is the client's. @param source the client's address; undefined: the balancer speaks for itself */
  | { readonly state: 'complete'; readonly bytes: number; readonly source: string | undefined };

/** §2.1: the longest line of version 1, its end included. */
const MAX_V1_BYTES = 107;
/** §2.2: addresses take 216 bytes at most; the rest is for TLVs. SECURITY: bounded, for it is kept until it is complete. */
const MAX_V2_BYTES = 16 + 2048;
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V2_HEAD_BYTES = 16;
const V1_START = 'PROXY ';
const INCOMPLETE: ProxyHeader = { state: 'incomplete' };

/** @param data what has arrived so far, from the first byte on */
export function parseProxyHeader(data: Buffer): ProxyHeader {
  if (startsLike(data, SIGNATURE)) return data.length < V2_HEAD_BYTES ? INCOMPLETE : version2(data);
  if (startsLike(data, Buffer.from(V1_START, 'latin1'))) return version1(data);
  return wrong('it begins with something else');
}

function startsLike(data: Buffer, start: Buffer): boolean {
  const shared = Math.min(data.length, start.length);
  return data.compare(start, 0, shared, 0, shared) === 0;
}

function version1(data: Buffer): ProxyHeader {
  const end = data.subarray(0, MAX_V1_BYTES).indexOf('\r\n');
  if (end === -1) return data.length < MAX_V1_BYTES ? INCOMPLETE : wrong('its line has no end');
  const bytes = end + 2;
  const line = data.toString('latin1', V1_START.length, end);
  const words = line.split(' ');
  // §2.1: whatever follows UNKNOWN is ignored.
  if (words[0] === 'UNKNOWN') return { state: 'complete', bytes, source: undefined };
  const [protocol, source = '', destination = '', ...ports] = words;
  const family = protocol === 'TCP4' ? 4 : protocol === 'TCP6' ? 6 : 0;
  const isGood =
    family !== 0 &&
    isIP(source) === family &&
    isIP(destination) === family &&
    ports.length === 2 &&
    ports.every((port) => /^\d{1,5}$/.test(port) && Number(port) <= 65_535);
  return isGood ? { state: 'complete', bytes, source } : wrong('its line cannot be read');
}

function version2(data: Buffer): ProxyHeader {
  const bytes = V2_HEAD_BYTES + data.readUInt16BE(14);
  const version = (data[12] ?? 0) >> 4;
  const command = (data[12] ?? 0) & 15;
  if (version !== 2 || command > 1) return wrong('its version or command is unknown');
  if (bytes > MAX_V2_BYTES) return wrong('it is too long');
  if (data.length < bytes) return INCOMPLETE;
  // §2.2: LOCAL is a look of the balancer itself; with PROXY, families and protocols that are not ours are skipped.
  if (command === 0) return { state: 'complete', bytes, source: undefined };
  const family = (data[13] ?? 0) >> 4;
  const addressBytes = family === 1 ? 12 : family === 2 ? 36 : 0;
  if (bytes < V2_HEAD_BYTES + addressBytes) return wrong('its addresses are cut off');
  return { state: 'complete', bytes, source: addressOf(data, family) };
}

function addressOf(data: Buffer, family: number): string | undefined {
  if (family === 1) return [...data.subarray(16, 20)].join('.');
  if (family !== 2) return undefined;
  const groups = Array.from({ length: 8 }, (_, at) => data.readUInt16BE(16 + 2 * at).toString(16));
  return groups.join(':');
}

function wrong(reason: string): ProxyHeader {
  return { state: 'wrong', reason };
}
