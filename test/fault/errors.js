/** The trial itself went wrong: a server that does not come back, a client that is stuck. Not a lost message. */
export class FaultError extends Error {
  name = 'FaultError';
}
