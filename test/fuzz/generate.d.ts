export type Pick = (below: number) => number;
export function seeded(seed: number): Pick;
export function stream(pick: Pick): string;
export function damage(pick: Pick, bytes: Buffer): Buffer;
