// xmppd trace: shows where messages go while it runs.
import type { Command } from 'commander';
import { columns, wrong } from './front.ts';
import type { CliSession } from './session.ts';

const POLL_MS = 500;
const DEFAULT_S = 30;

export function addTrace(program: Command, session: CliSession): void {
  program
    .command('trace')
    .description('show where messages go, of an address or with an id, while it runs')
    .argument('<what>', "an address, or the id that the sender's client gave the message")
    .option('--seconds <seconds>', 'for how long', String(DEFAULT_S))
    .action(async (what: string, options: { seconds: string }) => {
      const seconds = Number(options.seconds);
      if (!Number.isSafeInteger(seconds) || seconds < 1) {
        throw wrong('--seconds: expected a whole number', 'Write --seconds 60.');
      }
      const client = await session.connect(await session.settings());
      try {
        await client.call('trace start', { what, seconds });
        session.terminal.note(`Following ${what} for ${String(seconds)} s; Ctrl-C ends it.`);
        for (let leftMs = seconds * 1000; leftMs > 0; leftMs -= POLL_MS) {
          await session.sleep(Math.min(POLL_MS, leftMs));
          const { events } = await client.call('trace read', {});
          for (const event of events) {
            const at = new Date(event.at).toISOString().slice(11, 23);
            const path = `${event.from} -> ${event.to}`;
            const row = [at, event.stage.padEnd(8), event.id, path, event.detail];
            session.terminal.result(event, columns([row]));
          }
        }
        await client.call('trace stop', {});
      } finally {
        client.close();
      }
    });
}
