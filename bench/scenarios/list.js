// Every scenario with its load, in the order of the table.
import { archivePageScenario } from './archive-page.js';
import { chatScenario, filledArchiveScenario, workersScenario } from './chat.js';
import { emptyServerScenario, idleScenario } from './idle.js';
import { loginScenario } from './login.js';
import { offlineScenario } from './offline.js';

const BUSY = { users: 200, window: 10 };
const PACED = { users: 200, rate: 1000 };
const ARCHIVE_BUSY = { users: 100, window: 10, ack: true, archive: true };
const LOGIN = { users: 1000, concurrency: 20 };

/** @type {readonly import('./types.js').Scenario[]} */
export const scenarios = [
  chatScenario('chat', '100 pairs, 10 messages outstanding in each', BUSY),
  chatScenario('chat-tls', 'the same over TLS', { ...BUSY, tls: true }),
  chatScenario('chat-rate1k', '1,000 messages a second', PACED),
  chatScenario('chat-ack', 'a message counts when it is acknowledged', { ...BUSY, ack: true }),
  chatScenario('mam-chat', 'archive on both sides, 50 pairs, 2 outstanding', {
    users: 100,
    window: 2,
    archive: true,
  }),
  chatScenario('mam-ack', 'archive, counted when acknowledged, 10 outstanding', ARCHIVE_BUSY),
  chatScenario('mam-rate1k', 'archive, 1,000 a second, counted when acknowledged', {
    ...PACED,
    ack: true,
    archive: true,
  }),
  filledArchiveScenario(
    'mam-full',
    'mam-ack with a million messages of 10,000 users in the archive',
    ARCHIVE_BUSY,
    { users: 10_000, messages: 1_000_000 },
  ),
  archivePageScenario('mam-page', '10 clients read pages of 50', {
    clients: 10,
    page: 50,
    messagesEach: 1000,
  }),
  offlineScenario('offline', '100 users who are away, 50 messages each', {
    receivers: 100,
    perReceiver: 50,
    senders: 10,
  }),
  loginScenario('login-scram', 'SCRAM-SHA-1, 20 at a time', {
    ...LOGIN,
    mechanism: 'SCRAM-SHA-1',
    tls: false,
  }),
  loginScenario('login-plain', 'PLAIN', { ...LOGIN, mechanism: 'PLAIN', tls: false }),
  loginScenario('login-tls-scram', 'SCRAM-SHA-1 over TLS', {
    ...LOGIN,
    mechanism: 'SCRAM-SHA-1',
    tls: true,
  }),
  loginScenario('login-tls-plain', 'PLAIN over TLS', { ...LOGIN, mechanism: 'PLAIN', tls: true }),
  idleScenario('idle', 'sessions with 20 contacts each', { tls: false, contacts: 20 }),
  idleScenario('idle-tls', 'the same over TLS', { tls: true, contacts: 20 }),
  emptyServerScenario('empty', 'memory of a server without clients'),
  workersScenario('workers', 'two workers against one, busy and paced', [
    { work: 'chat', spec: BUSY },
    { work: 'chat-rate1k', spec: PACED },
  ]),
];
