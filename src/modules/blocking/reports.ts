// XEP-0377 (0.4.1): why somebody was blocked, for whoever runs the server.
import type { ModuleHost } from '../../host/module.ts';
import type { Jid } from '../../protocol/jid.ts';
import { NS } from '../../protocol/namespaces.ts';
import type { BlockItem } from './items.ts';

/** SECURITY: bounds of what one report may write into the log. */
const MAX_TEXT = 1000;
const MAX_REASON = 100;
const MAX_IDS = 20;
const MAX_REPORTS = 10;

export class Reports {
  private readonly host: ModuleHost;
  private readonly counted: { add(count?: number): void };

  constructor(host: ModuleHost) {
    this.host = host;
    this.counted = host.counter('reports_total', 'Reports of abuse that came with a block.');
  }

  /** §5: whatever the report says, and if it says nothing, the address is blocked. */
  log(reporter: Jid, items: readonly BlockItem[]): void {
    let left = MAX_REPORTS;
    for (const { jid, element } of items) {
      const report = element.getChild('report', NS.reporting);
      if (report === undefined || left-- === 0) continue;
      this.counted.add();
      const stanzaIds = report
        .getChildren('stanza-id', NS.stanzaIds)
        .slice(0, MAX_IDS)
        .map(({ attrs }) => short(attrs['id'], MAX_REASON));
      this.host.log.warn(
        {
          reporter: reporter.bare,
          reported: jid.full,
          reason: short(report.attrs['reason'], MAX_REASON),
          text: short(report.getChild('text', NS.reporting)?.getText(), MAX_TEXT),
          stanzaIds,
        },
        'somebody was reported by a user who blocked them',
      );
    }
  }
}

function short(text: string | undefined, length: number): string {
  return (text ?? '').slice(0, length);
}
