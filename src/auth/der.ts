// As much of X.690 DER as certificates need that Node does not read itself: values with a tag of one byte.

export class DerError extends Error {
  override readonly name = 'DerError';
}

export interface DerNode {
  readonly tag: number;
  readonly value: Buffer;
  /** Where the next one starts. */
  readonly end: number;
}

/** One value. @throws DerError */
export function readNode(der: Buffer, at: number): DerNode {
  const tag = der[at];
  const first = der[at + 1];
  if (tag === undefined || first === undefined) throw new DerError('cut short');
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const size = first & 0x7f;
    if (size === 0 || size > 4 || start + size > der.length) throw new DerError('bad length');
    length = der.readUIntBE(start, size);
    start += size;
  }
  const end = start + length;
  if (end > der.length) throw new DerError('cut short');
  return { tag, value: der.subarray(start, end), end };
}

/** The members of a constructed value; of a primitive one, none. @throws DerError */
export function children(node: DerNode): DerNode[] {
  // Bit 6: constructed. A primitive value has bytes, not members.
  if ((node.tag & 0x20) === 0) return [];
  const found: DerNode[] = [];
  for (let at = 0; at < node.value.length;) {
    const child = readNode(node.value, at);
    found.push(child);
    at = child.end;
  }
  return found;
}

/** An object identifier in its dotted form. @throws DerError for another kind of value */
export function oidOf(node: DerNode): string {
  if (node.tag !== 0x06 || node.value.length === 0) throw new DerError('no OID');
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of node.value) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [joint = 0, ...rest] = arcs;
  const top = Math.min(2, Math.floor(joint / 40));
  return [top, joint - top * 40, ...rest].join('.');
}
