// Passwords come from the terminal without echo, twice, or from standard input as one line; never from arguments, which
// every user of the machine can read.
import { OperatorError } from '../util/errors.ts';
import type { Input, Output, Terminal } from './terminal.ts';

const MAX_INPUT_CHARACTERS = 4096;

/** @throws OperatorError `password-missing` */
export async function readNewPassword(terminal: Terminal, address: string): Promise<string> {
  const { input, errors } = terminal.streams;
  if (input.isTTY !== true) return readLine(input);
  const first = await promptHidden(input, errors, `Password for ${address}: `);
  const second = await promptHidden(input, errors, 'The same again: ');
  if (first === second && first !== '') return first;
  throw missing(first === second ? 'no password was entered' : 'the two passwords differ');
}

/** One line of a pipe or file; its end is not part of the password. */
async function readLine(input: Input): Promise<string> {
  input.setEncoding('utf8');
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    if (text.includes('\n') || text.length > MAX_INPUT_CHARACTERS) break;
  }
  const line = (text.split('\n', 1)[0] ?? '').replace(/\r$/, '');
  if (line === '') throw missing('no password on standard input');
  if (line.length > MAX_INPUT_CHARACTERS) throw missing('the password is too long');
  return line;
}

/** Reads keys until Enter. The terminal is put back into its old state whatever happens. */
function promptHidden(input: Input, errors: Output, question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let entered = '';
    const finish = (settle: () => void): void => {
      input.off('data', onData);
      input.off('end', onEnd);
      input.setRawMode?.(false);
      input.pause();
      errors.write('\n');
      settle();
    };
    const onEnd = (): void => {
      finish(() => {
        reject(missing('the terminal was closed'));
      });
    };
    const onData = (chunk: string | Buffer): void => {
      for (const key of String(chunk)) {
        if (key === '\r' || key === '\n') {
          finish(() => {
            resolve(entered);
          });
          return;
        }
        // Ctrl-C and Ctrl-D arrive as characters in raw mode.
        if (key === '\u0003' || key === '\u0004') {
          finish(() => {
            reject(missing('the entry was broken off'));
          });
          return;
        }
        if (key === '\u007f' || key === '\b') entered = entered.replace(/.$/u, '');
        else if (key === '\u0015') entered = '';
        else if (key >= ' ' && entered.length < MAX_INPUT_CHARACTERS) entered += key;
      }
    };
    errors.write(question);
    input.setEncoding('utf8');
    input.setRawMode?.(true);
    input.on('data', onData);
    input.on('end', onEnd);
    input.resume();
  });
}

function missing(reason: string): OperatorError {
  return new OperatorError(
    'password-missing',
    reason,
    'Enter it at the prompt, or write it to standard input as one line.',
  );
}
