// xmppd status
import type { Command } from 'commander';
import type { ServerStatus, SessionCount } from '../admin/index.ts';
import type { CliSession } from './session.ts';
import type { Terminal } from './terminal.ts';

export function addStatus(program: Command, session: CliSession): void {
  program
    .command('status')
    .description('tell whether the server runs and how busy it is')
    .action(async () => {
      const client = await session.connect(await session.settings());
      try {
        const status = await client.call('status', {});
        const sessions = await client.call('session count', {});
        session.terminal.result(
          { ...status, sessions },
          render(session.terminal, status, sessions),
        );
      } finally {
        client.close();
      }
    });
}

function render(terminal: Terminal, status: ServerStatus, sessions: SessionCount): string {
  const workers = status.workers.map(
    ({ slot, pid, state, connections, restarts, lagMs, residentBytes, storeWaiting, shedding }) =>
      `  worker ${String(slot)}: ${terminal.paint(state === 'up' ? 'green' : 'yellow', state)}, ` +
      `process ${String(pid)}, ${String(connections)} connections, ${String(restarts)} restarts, ` +
      `${mebibytes(residentBytes)}, event loop ${String(lagMs)} ms late, ${String(storeWaiting)} units waiting` +
      (shedding > 0 ? terminal.paint('red', `, sheds load (stage ${String(shedding)})`) : ''),
  );
  const { store } = status;
  return [
    ...(status.state === 'running'
      ? []
      : [terminal.paint('yellow', `The server is ${status.state}.`)]),
    `xmppd ${status.version} on Node.js ${status.node}, process ${String(status.pid)}, up for ${spell(status.uptimeMs)}`,
    `hosts: ${status.hosts.join(', ')}`,
    `listening: ${status.listening.join(', ')}`,
    `sessions: ${String(sessions.online)} on line, ${String(sessions.hibernating)} waiting to be resumed`,
    ...workers,
    `  store: ${terminal.paint(store.state === 'up' ? 'green' : 'yellow', store.state)}, ` +
      (store.pid === null ? 'a thread of the worker' : `process ${String(store.pid)}`) +
      `, ${String(store.restarts)} restarts, ${String(store.waiting)} units waiting, ` +
      `last commit ${String(store.lastCommitMs)} ms, write-ahead log ${mebibytes(store.walBytes)}`,
  ].join('\n');
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

/** `2d 3h 5m`, `12s` */
function spell(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ];
  const from = parts.findIndex(([count]) => count > 0);
  const shown = from === -1 ? parts.slice(-1) : parts.slice(from, from + 3);
  return shown.map(([count, unit]) => `${String(count)}${unit}`).join(' ');
}
