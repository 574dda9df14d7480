// Tells when a certificate, key or authority has another file than before: renewals take effect without anybody's doing.
import { stat } from 'node:fs/promises';
import type { Settings } from '../config/index.ts';
import type { TimerHandle, Timers } from '../util/clock.ts';

/** Looking is cheaper and surer than watching: renewals replace links, and file systems differ in what they report. */
const LOOK_MS = 60_000;

export interface CertificateWatchOptions {
  /** Asked at each look: a reload may name other files. */
  readonly hosts: () => Settings['hosts'];
  readonly onChange: () => void;
  readonly timers: Timers;
  readonly lookMs?: number;
}

/** Begins to watch. @returns what ends it */
export function watchCertificates(options: CertificateWatchOptions): TimerHandle {
  const watch = new CertificateWatch(options);
  void watch.look();
  return options.timers.every(options.lookMs ?? LOOK_MS, () => void watch.look());
}

class CertificateWatch {
  private readonly options: CertificateWatchOptions;
  private seen = new Map<string, string>();
  private looking = false;

  constructor(options: CertificateWatchOptions) {
    this.options = options;
  }

  async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    const now = new Map<string, string>();
    for (const { certificate, key, clientAuthority } of this.options.hosts())
      for (const path of [certificate, key, clientAuthority])
        if (path !== undefined) now.set(path, await mark(path));
    this.looking = false;
    const before = this.seen;
    this.seen = now;
    // A file that was not looked at before was read by the reload that named it.
    const changed = [...now].some(([path, mark]) => before.has(path) && before.get(path) !== mark);
    if (changed) this.options.onChange();
  }
}

async function mark(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(path);
    return [ino, size, mtimeMs].join(':');
  } catch {
    // In the middle of a renewal; it is there again at a later look, or the reload says what is missing.
    return 'missing';
  }
}
