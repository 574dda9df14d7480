// What scenarios are given and what they give back; types only.

/**
 * A running server.
 * @typedef {object} Target
 * @property {number} port
 * @property {number} pid the first process of its tree
 * @property {string} domain users are `u0`, `u1`, … of it
 * @property {string} password the same for all of them
 *
 * How long to measure, and how big.
 * @typedef {object} Effort
 * @property {number} seconds of each measured window
 * @property {number} warmup seconds before it
 * @property {number} sessions of the idle scenarios
 * @property {(text: string) => void} progress
 *
 * One line of the table. Absent figures do not apply.
 * @typedef {object} Row
 * @property {string} work
 * @property {string} unit of one operation
 * @property {import('../meter.js').Measured} [measured]
 * @property {boolean} [saturated] the rate is what the server could do, and so depends on the generator keeping up
 * @property {number} [kibPerSession] PSS
 * @property {number} [treeMib] PSS of the server's whole tree
 * @property {Faults} [faults]
 * @property {string[]} [notes]
 *
 * What must all be 0.
 * @typedef {object} Faults
 * @property {number} lost
 * @property {number} doubled
 * @property {number} outOfOrder
 * @property {number} corrupt wrong receiver, changed body, or a wrong archive page
 * @property {number} unacknowledged delivered or not, but never covered by `<a h>` where the sender asked
 * @property {number} errors stanzas of type error
 *
 * The server that a scenario needs.
 * @typedef {object} ServerNeeds
 * @property {boolean} archive
 * @property {number} users
 * @property {number} workers
 *
 * Starts servers for a scenario; each start is fresh but for the data that `keepData` leaves from the one before.
 * @typedef {object} Servers
 * @property {(needs: ServerNeeds, keepData?: boolean) => Promise<Target>} start stops the one before
 * @property {boolean} attached the server is not ours: `start` always returns the same one
 *
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} about
 * @property {boolean} [onRequest] left out unless named by --only
 * @property {(servers: Servers, effort: Effort, workers: number) => Promise<Row[]>} run
 */

export {};
