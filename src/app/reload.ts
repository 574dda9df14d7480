// What a running server does about its configuration: reads it again, says what differs, puts in force what can be. One
// such thing at a time; whatever fails leaves the configuration that runs as it was.
import type { Change, LogLevel, Settings } from '../config/index.ts';
import type { Log } from '../util/log.ts';

/** What a fresh look at the file gives. */
export interface CheckedReload {
  /** What is to hold: what runs, with the changes that can be applied now. */
  readonly settings: Settings;
  readonly changes: readonly Change[];
}

/** Plain JSON, for the command line. */
export interface ReloadReport {
  /** Null: the server runs without one, and by the environment. */
  readonly file: string | null;
  readonly changes: readonly Change[];
}

export interface ReloaderParts {
  /**
   * Reads and checks the file.
   * @param dryRun nothing is made on disk
   * @throws OperatorError `config-invalid` and its like (rejects)
   */
  readonly check: (running: Settings, dryRun: boolean) => Promise<CheckedReload>;
  /** Puts settings in force everywhere. @throws OperatorError (rejects) */
  readonly apply: (settings: Settings) => Promise<void>;
  /** Reads the certificates in force anew from their files. @throws OperatorError (rejects); then those before stay */
  readonly renewCertificates: () => Promise<void>;
  /** Told before the first step and after the last, whatever became of it (systemd). */
  readonly onBegin?: () => void;
  readonly onEnd?: () => void;
  readonly log: Log;
}

export class Reloader {
  private readonly parts: ReloaderParts;
  private last: Promise<unknown> = Promise.resolve();
  /** What holds now; what a new worker is given. */
  current: Settings;
  /** For metrics. */
  reloads = 0;
  failures = 0;

  constructor(settings: Settings, parts: ReloaderParts) {
    this.current = settings;
    this.parts = parts;
  }

  /** @throws OperatorError (rejects): what is wrong with the file; then nothing has changed */
  reload(): Promise<ReloadReport> {
    return this.inTurn(async () => {
      const { check, apply, log, onBegin, onEnd } = this.parts;
      onBegin?.();
      const before = this.current;
      try {
        const { settings, changes } = await check(before, false);
        // A worker that starts meanwhile asks for what is to hold.
        this.current = settings;
        await apply(settings);
        this.reloads += 1;
        for (const { option, from, to, live } of changes)
          log.info({ option, from, to, holds: live ? 'now' : 'from the next start' }, 'changed');
        log.info(
          { file: before.file, changes: changes.length },
          'the configuration was read again',
        );
        return this.report(changes);
      } catch (error) {
        this.failures += 1;
        log.error({ err: error }, 'the configuration could not be reloaded; the one before stays');
        await this.goBack(before);
        throw error;
      } finally {
        onEnd?.();
      }
    });
  }

  /** What a reload would do. */
  diff(): Promise<ReloadReport> {
    return this.inTurn(async () => {
      const { changes } = await this.parts.check(this.current, true);
      return this.report(changes);
    });
  }

  /** Holds until the next reload, which says so and goes back to the file. */
  setLogLevel(level: LogLevel): Promise<void> {
    return this.inTurn(async () => {
      const settings = { ...this.current, log: { ...this.current.log, level } };
      this.current = settings;
      await this.parts.apply(settings);
      this.parts.log.info({ level }, 'the log level was changed');
    });
  }

  /** Never rejects: the log says what is wrong. */
  async certificatesChanged(): Promise<void> {
    const { log, renewCertificates } = this.parts;
    try {
      await this.inTurn(renewCertificates);
      log.info({}, 'certificates were read again, since a file had changed');
    } catch (error) {
      log.error({ err: error }, 'changed certificates cannot be used; those before stay in force');
    }
  }

  /** Some may have taken what others could not. */
  private async goBack(before: Settings): Promise<void> {
    if (this.current === before) return;
    this.current = before;
    try {
      await this.parts.apply(before);
    } catch (error) {
      this.parts.log.error(
        { err: error },
        'the configuration before could not be put in force again',
      );
    }
  }

  private report(changes: readonly Change[]): ReloadReport {
    return { file: this.current.file ?? null, changes };
  }

  private inTurn<T>(run: () => Promise<T>): Promise<T> {
    const mine = this.last.then(run, run);
    this.last = mine.catch(() => undefined);
    return mine;
  }
}
