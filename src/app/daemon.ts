// What makes a server a service: it reloads, renews certificates, tells systemd how it is, and is measured. The same for
// one process and for many; what differs are the ports.
import type { ConfigReport, ServerLogLevel } from '../admin/index.ts';
import type { Settings } from '../config/index.ts';
// Not by the index: schemas and parser would stay in the memory of a supervisor.
import { serviceEnvironment } from '../config/service-environment.ts';
import type { Monitor } from '../http/monitor.ts';
import { renderMetrics, type AdjustableLog, type Placed } from '../observability/index.ts';
import type { TimerHandle } from '../util/clock.ts';
import { systemClock, systemTimers } from '../util/system-clock.ts';
import { watchCertificates } from './certificate-watch.ts';
import { checkReload } from './reload-check.ts';
import { Reloader } from './reload.ts';
import { notifyByProgram, ServiceNotices } from './service-notices.ts';

export interface DaemonParts {
  readonly settings: Settings;
  readonly log: AdjustableLog;
  /** Puts settings in force in all that serves clients. @throws OperatorError (rejects) */
  readonly configure: (settings: Settings) => Promise<void>;
  /** @throws OperatorError (rejects); then the certificates before stay in force */
  readonly renewCertificates: () => Promise<void>;
  /** The figures of all workers. */
  readonly places: () => Promise<readonly Placed[]>;
  /** The server does its work, or is about to. */
  readonly healthy: () => boolean;
  /** Clients are taken. */
  readonly ready: () => boolean;
}

export class Daemon {
  private readonly parts: DaemonParts;
  private readonly reloader: Reloader;
  private readonly notices: ServiceNotices;
  private readonly startedAtMs = systemClock.monotonicMs();
  private monitor: Monitor | undefined;
  private watch: TimerHandle | undefined;

  constructor(parts: DaemonParts) {
    this.parts = parts;
    const { log } = parts;
    this.notices = new ServiceNotices({
      environment: serviceEnvironment(),
      notify: notifyByProgram,
      healthy: parts.healthy,
      // CLOCK_MONOTONIC, as systemd has it.
      monotonicMicroseconds: () => process.hrtime.bigint() / 1000n,
      timers: systemTimers,
      log,
    });
    this.reloader = new Reloader(parts.settings, {
      check: checkReload,
      apply: async (settings) => {
        await parts.configure(settings);
        log.setLevel(settings.log.level);
      },
      renewCertificates: parts.renewCertificates,
      onBegin: () => this.notices.reloading(),
      onEnd: () => this.notices.reloaded(this.words()),
      log,
    });
  }

  /** What holds now. */
  get settings(): Settings {
    return this.reloader.current;
  }

  get uptimeMs(): number {
    return Math.round(systemClock.monotonicMs() - this.startedAtMs);
  }

  /** Before anything is started. @throws OperatorError (rejects) when the port for metrics is taken */
  async open(): Promise<void> {
    const { metrics } = this.settings.http;
    const { log, healthy, ready } = this.parts;
    if (metrics === false) return;
    // Loaded only where it is wanted: HTTP takes memory that a supervisor need not have.
    const { openMonitor } = await import('../http/monitor.ts');
    this.monitor = await openMonitor(metrics, { metrics: () => this.page(), healthy, ready, log });
    log.info({ at: metrics, port: this.monitor.port }, 'metrics, health and readiness are served');
  }

  /** Clients can come. */
  started(): void {
    this.watch = watchCertificates({
      hosts: () => this.settings.hosts,
      onChange: () => void this.reloader.certificatesChanged(),
      timers: systemTimers,
    });
    this.notices.ready(this.words());
  }

  /** SIGHUP: nobody waits for the outcome, the log has it. */
  hangup(): void {
    this.reloader.reload().catch(() => undefined);
  }

  reload(): Promise<ConfigReport> {
    return this.reloader.reload();
  }

  configDiff(): Promise<ConfigReport> {
    return this.reloader.diff();
  }

  setLogLevel(level: ServerLogLevel): Promise<void> {
    return this.reloader.setLogLevel(level);
  }

  stopping(): void {
    this.watch?.cancel();
    this.notices.stopping();
  }

  close(): void {
    this.monitor?.close();
  }

  private words(): string {
    return `serving ${this.settings.hosts.map(({ domain }) => domain).join(', ')}`.slice(0, 200);
  }

  private async page(): Promise<string> {
    const own: Placed = {
      worker: undefined,
      values: {
        xmppd_up: 1,
        xmppd_uptime_seconds: this.uptimeMs / 1000,
        xmppd_supervisor_resident_bytes: process.memoryUsage.rss(),
        xmppd_reloads_total: this.reloader.reloads,
        xmppd_reloads_failed_total: this.reloader.failures,
      },
    };
    return renderMetrics([own, ...(await this.parts.places())]);
  }
}
