// Reads a whole archive as a client does, page after page (XEP-0313, XEP-0059).
import { FaultError } from './errors.js';
import { Peer } from './peer.js';

const PAGE = 250;
const PAGE_LIMIT_MS = 30_000;

/**
 * How often each message of ours is in an archive.
 * @param {{ port: number, domain: string, keys: import('../../bench/scram.js').ScramKeyCache }} server
 * @param {string} user
 * @param {import('./books.js').Books} books
 * @returns {Promise<Map<number, number>>} by number
 */
export async function readArchive(server, user, books) {
  /** @type {Map<number, number>} */
  const found = new Map();
  /** @type {{ resolve: (answer: string) => void, reject: (error: Error) => void } | undefined} */
  let waiting;
  const options = { ...server, user, resource: 'archivist', management: false, presence: false };
  const peer = new Peer(options, {
    up: () => waiting?.resolve(''),
    down: (_peer, reason) => waiting?.reject(new FaultError(`archive of ${user}: ${reason}`)),
    message: (_peer, stanza) => {
      const number = books.entryOf(stanza)?.number;
      if (number !== undefined) found.set(number, (found.get(number) ?? 0) + 1);
    },
    result: (_peer, stanza) => waiting?.resolve(stanza),
  });
  /** @param {() => void} act @returns {Promise<string>} */
  const answerTo = (act) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new FaultError(`archive of ${user}: no answer in ${PAGE_LIMIT_MS} ms`));
      }, PAGE_LIMIT_MS);
      waiting = {
        resolve: (answer) => (clearTimeout(timer), resolve(answer)),
        reject: (error) => (clearTimeout(timer), reject(error)),
      };
      act();
    });
  await answerTo(() => peer.connect());
  for (let after = ''; ;) {
    const answer = await answerTo(() =>
      peer.ask(
        "<iq type='set' id='page'><query xmlns='urn:xmpp:mam:2'>" +
          `<set xmlns='http://jabber.org/protocol/rsm'><max>${PAGE}</max>` +
          `${after === '' ? '' : `<after>${after}</after>`}</set></query></iq>`,
      ),
    );
    if (!answer.includes('<fin ')) throw new FaultError(`archive of ${user}: ${answer}`);
    after = /<last>([^<]+)<\/last>/.exec(answer)?.[1] ?? '';
    if (after === '' || /complete=['"]true['"]/.test(answer)) break;
  }
  waiting = undefined;
  peer.leave();
  return found;
}
