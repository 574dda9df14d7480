// What is offered to streams of one kind, made once: mechanisms, channel bindings, and the hash that protects the two lists.
import { createHash } from 'node:crypto';
import { offeredTokenMechanisms } from './hashed-token.ts';
import {
  offeredBindingTypes,
  offeredMechanisms,
  type AuthContext,
  type AuthPolicy,
} from './mechanisms.ts';
import { scramHash, type ScramHash } from './scram-hash.ts';

/** What separates entries of a list, and the two lists: XEP-0474 §5.1 (v0.5.0). */
const BETWEEN_ENTRIES = '\x1e';
const BETWEEN_LISTS = '\x1f';

/** The same object for streams that are offered the same. */
export class Offer {
  /** SASL mechanisms, strongest first. */
  readonly mechanisms: readonly string[];
  /** Types for `<sasl-channel-binding/>`; empty: the feature is left out. */
  readonly bindings: readonly string[];
  /** XEP-0484 §3.1: mechanisms that a token can be had for. */
  readonly tokens: readonly string[];
  private readonly hashes: Partial<Record<ScramHash, string>> = {};

  constructor(context: AuthContext, policy: AuthPolicy) {
    this.mechanisms = offeredMechanisms(context, policy);
    this.bindings = offeredBindingTypes(context, policy);
    this.tokens = offeredTokenMechanisms(context);
  }

  /** The attribute `h` of server-first: a client sees by it whether somebody took entries out of the lists. */
  protection(hash: ScramHash): string {
    return (this.hashes[hash] ??= this.hashed(hash));
  }

  private hashed(hash: ScramHash): string {
    // XEP-0474 §5.1: i;octet collation; all names are ASCII, whose order by code unit is that.
    const sorted = (list: readonly string[]): string => [...list].sort().join(BETWEEN_ENTRIES);
    const bound = this.bindings.length > 0 ? BETWEEN_LISTS + sorted(this.bindings) : '';
    return createHash(scramHash(hash).digest)
      .update(sorted(this.mechanisms) + bound)
      .digest('base64');
  }
}

/** One offer for each kind of stream. */
export class Offers {
  private readonly policy: AuthPolicy;
  private readonly known: (Offer | undefined)[] = [];

  constructor(policy: AuthPolicy) {
    this.policy = policy;
  }

  for(context: AuthContext): Offer {
    const kind = kindOf(context);
    return (this.known[kind] ??= new Offer(context, this.policy));
  }
}

/** Everything of a stream that an offer depends on, as bits. */
function kindOf({ encrypted, binding, anonymous, certified }: AuthContext): number {
  return (
    (encrypted ? 1 : 0) +
    (binding.tlsExporter === undefined ? 0 : 2) +
    (binding.tlsServerEndPoint === undefined ? 0 : 4) +
    (anonymous === true ? 8 : 0) +
    (certified === undefined ? 0 : 16)
  );
}
