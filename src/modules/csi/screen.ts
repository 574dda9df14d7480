// What an inactive client is not sent yet. It stands before the numbering of XEP-0198: what is replaced here never was.
import type { BacklogItem, Reference } from '../../host/views.ts';
import type { Screen } from '../../host/stream-session.ts';
import type { Bytes } from '../../xml/bytes.ts';
import type { StanzaReader } from '../../xml/stanza-reader.ts';
import { judge, RULES } from './importance.ts';

export interface HoldLimits {
  /** Stanzas that wait for one client. */
  readonly maxStanzas: number;
  readonly maxBytes: number;
}

const NOTHING: readonly BacklogItem[] = [];

/** One for each inactive session. */
export class InactiveScreen implements Screen {
  private readonly reader: StanzaReader;
  private readonly account: string;
  private readonly limits: HoldLimits;
  /** In the order in which they leave; presences and chat states by their sender. */
  private readonly held = new Map<string, Bytes>();
  private bytes = 0;
  private states = 0;
  private events = 0;

  constructor(reader: StanzaReader, account: string, limits: HoldLimits) {
    this.reader = reader;
    this.account = account;
    this.limits = limits;
  }

  take(stanza: Bytes, reference: Reference): readonly BacklogItem[] {
    // What is on disk is never only in memory here: it is a message that somebody would miss.
    if (reference !== 0 && this.states === 0) return this.releaseWith(stanza, reference);
    const { rule, peer } = judge(this.reader, stanza, this.account);
    const { importance } = RULES[rule];
    if (reference !== 0 || importance === 'now') {
      // He has written it: whether he is writing is of no interest.
      if (rule !== 'request') this.forget(stateKey(peer));
      return this.releaseWith(stanza, reference);
    }
    this.hold(
      importance === 'later'
        ? `event ${++this.events}`
        : rule === 'chatState'
          ? stateKey(peer)
          : `presence ${peer}`,
      stanza,
    );
    if (this.held.size <= this.limits.maxStanzas && this.bytes <= this.limits.maxBytes)
      return NOTHING;
    // The bound: everything leaves, in its order, and it begins anew.
    return this.release();
  }

  release(): readonly BacklogItem[] {
    if (this.held.size === 0) return NOTHING;
    const items = [...this.held.values()].map((stanza) => ({ stanza, reference: 0 }));
    this.held.clear();
    this.bytes = 0;
    this.states = 0;
    return items;
  }

  private releaseWith(stanza: Bytes, reference: Reference): readonly BacklogItem[] {
    return [...this.release(), { stanza, reference }];
  }

  private hold(key: string, stanza: Bytes): void {
    this.forget(key);
    this.held.set(key, stanza);
    this.bytes += stanza.length;
    if (key.startsWith(STATE)) this.states++;
  }

  private forget(key: string): void {
    const known = this.held.get(key);
    if (known === undefined) return;
    this.held.delete(key);
    this.bytes -= known.length;
    if (key.startsWith(STATE)) this.states--;
  }
}

const STATE = 'state ';

function stateKey(peer: string): string {
  return STATE + peer;
}
