// The driver's one error family: what stops a scenario and is worth a sentence to the person who reads the table.

/** A scenario could not be run or measured; the message says why. */
export class BenchError extends Error {
  name = 'BenchError';
}
