// What every client is asked to show, in the order of the table. A client's program answers for each of them.

/** Mechanisms in the order of the table. */
export const MECHANISMS = [
  'SCRAM-SHA-512-PLUS',
  'SCRAM-SHA-256-PLUS',
  'SCRAM-SHA-1-PLUS',
  'SCRAM-SHA-512',
  'SCRAM-SHA-256',
  'SCRAM-SHA-1',
  'PLAIN',
];

/** @type {readonly { id: string, title: string }[]} */
export const CHECKS = [
  { id: 'starttls', title: 'log-in over STARTTLS, certificate checked' },
  { id: 'direct-tls', title: 'log-in over direct TLS' },
  ...MECHANISMS.map((name) => ({ id: `login.${name}`, title: `log-in by ${name}` })),
  { id: 'login.wrong', title: 'a wrong password is refused, and the client says so' },
  { id: 'chat.out', title: 'a message to another client' },
  { id: 'chat.in', title: 'a message from another client' },
  { id: 'offline', title: 'a message sent while logged off waits' },
  { id: 'resume.in', title: 'network cut: the stream resumes, what came meanwhile comes once' },
  { id: 'resume.out', title: 'network cut: what the client said into it arrives once' },
  { id: 'archive', title: 'the archive is read, page by page' },
  { id: 'ping', title: 'ping to the server' },
  { id: 'roster', title: 'a contact is added, other devices are told' },
  { id: 'presence', title: 'subscription, and presence of the contact' },
];

/**
 * What became of a check: `lacks` is a thing the client cannot do, `silent` that its program said nothing about it.
 * @typedef {'passed' | 'failed' | 'lacks' | 'silent'} Outcome
 * @typedef {{ outcome: Outcome, note?: string }} Answer
 */
