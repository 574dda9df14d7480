import type { Outcome, Verdict } from './results.js';

export interface Peer {
  readonly name: string;
  readonly counts: Readonly<Record<string, readonly [number, number, number]>>;
}

export function table(outcomes: readonly Outcome[], peers: readonly Peer[]): string;
export function lineOf(outcome: Outcome): string;
export function section(
  outcomes: readonly Outcome[],
  peers: readonly Peer[],
  verdict: Verdict,
): string;
