import { renderMetrics } from './metrics.ts';

test('each metric has its help and type once, and a line for each worker', () => {
  const page = renderMetrics([
    { worker: undefined, values: { xmppd_up: 1 } },
    { worker: 0, values: { xmppd_connections: 3 } },
    { worker: 1, values: { xmppd_connections: 4 } },
  ]);
  expect(page).toBe(
    [
      '# HELP xmppd_up 1 while the server runs.',
      '# TYPE xmppd_up gauge',
      'xmppd_up 1',
      '# HELP xmppd_connections Connections of clients, logged in or not.',
      '# TYPE xmppd_connections gauge',
      'xmppd_connections{worker="0"} 3',
      'xmppd_connections{worker="1"} 4',
      '',
    ].join('\n'),
  );
});

test('counters of modules appear by themselves, their names made fit', () => {
  const counters = [{ name: 'my-mod_seen', help: 'Seen\nso far \\ in all.', value: 2 }];
  const page = renderMetrics([
    { worker: 0, values: {}, counters },
    { worker: 1, values: {}, counters },
  ]);
  expect(page.split('\n')).toEqual([
    '# HELP xmppd_my_mod_seen_total Seen\\nso far \\\\ in all.',
    '# TYPE xmppd_my_mod_seen_total counter',
    'xmppd_my_mod_seen_total{worker="0"} 2',
    'xmppd_my_mod_seen_total{worker="1"} 2',
    '',
  ]);
});

test('a value that nobody has defined is left out', () => {
  expect(renderMetrics([{ worker: 0, values: { unheard_of: 1 } }])).toBe('\n');
});
