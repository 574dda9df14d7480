// What clients can do, by the hash of it (XEP-0115 §8.2): verified, shared by all who show the same hash, bounded.

/** Clients' own hashes, as their presence has them. */
export interface Shown {
  readonly hash: string;
  readonly node: string;
  readonly ver: string;
}

/** Kinds of clients remembered; the one unused for longest is forgotten first. */
const MAX_KNOWN = 2000;
/** Clients whose answer did not fit their hash; they are not asked again for it. */
const MAX_LIARS = 1000;

export class CapsCache {
  private readonly known = new Map<string, ReadonlySet<string>>();
  private readonly asked = new Set<string>();
  private readonly liars = new Set<string>();

  /** Features; undefined as long as nobody has proved what the hash stands for. */
  features({ hash, ver }: Shown): ReadonlySet<string> | undefined {
    const key = keyOf(hash, ver);
    const features = this.known.get(key);
    if (features === undefined) return undefined;
    this.known.delete(key);
    this.known.set(key, features);
    return features;
  }

  /** Whether this client should be asked now; then it counts as asked until `settled`. */
  wants({ hash, ver }: Shown, client: string): boolean {
    const key = keyOf(hash, ver);
    if (this.known.has(key) || this.asked.has(key) || this.liars.has(`${key} ${client}`)) {
      return false;
    }
    this.asked.add(key);
    return true;
  }

  /** @param features undefined: the client did not prove its hash, and the next one who shows it is asked (§5.4) */
  settled({ hash, ver }: Shown, client: string, features: readonly string[] | undefined): void {
    const key = keyOf(hash, ver);
    this.asked.delete(key);
    if (features === undefined) {
      this.liars.add(`${key} ${client}`);
      forgetOldest(this.liars, MAX_LIARS);
    } else {
      this.known.set(key, new Set(features));
      forgetOldest(this.known, MAX_KNOWN);
    }
  }
}

function keyOf(hash: string, ver: string): string {
  return `${hash} ${ver}`;
}

function forgetOldest(of: Map<string, unknown> | Set<string>, max: number): void {
  if (of.size <= max) return;
  for (const oldest of of.keys()) {
    of.delete(oldest);
    return;
  }
}
