import { PassThrough } from 'node:stream';
import { readNewPassword } from './password-prompt.ts';
import { Terminal, type Input } from './terminal.ts';

interface Keyboard {
  readonly terminal: Terminal;
  readonly input: PassThrough & Input;
  readonly raw: boolean[];
  shown(): string;
}

function keyboard(isTTY: boolean): Keyboard {
  const raw: boolean[] = [];
  const input: PassThrough & Input = Object.assign(new PassThrough(), {
    isTTY,
    setRawMode: (on: boolean) => raw.push(on),
  });
  const errors = new PassThrough();
  const terminal = new Terminal({ input, output: new PassThrough(), errors, noColour: true });
  return { terminal, input, raw, shown: () => String(errors.read() ?? '') };
}

/** Types when asked: each part after the one before was read. */
async function type(input: PassThrough, ...parts: readonly string[]): Promise<void> {
  for (const part of parts) {
    input.write(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('on a terminal a password is entered twice, without echo, and the terminal put back', async () => {
  const { terminal, input, raw, shown } = keyboard(true);
  const password = readNewPassword(terminal, 'alice@example.org');
  await type(input, 'pen', 'cil\r', 'pencil\r');
  expect(await password).toBe('pencil');
  expect(raw).toEqual([true, false, true, false]);
  const text = shown();
  expect(text).toContain('Password for alice@example.org: ');
  expect(text).not.toContain('pencil');
});

test('backspace takes a character back and Ctrl-U all of them', async () => {
  const { terminal, input } = keyboard(true);
  const password = readNewPassword(terminal, 'a@b');
  await type(input, 'x😀\u007f\u007fwrong\u0015péncilx\b\r', 'péncil\r');
  expect(await password).toBe('péncil');
});

test.each([
  ['two that differ', ['one\r', 'two\r'], /differ/],
  ['nothing', ['\r', '\r'], /no password was entered/],
  ['Ctrl-C', ['pen\u0003'], /broken off/],
  ['Ctrl-D', ['\u0004'], /broken off/],
])('%s is no password', async (_, keys, reason) => {
  const { terminal, input, raw } = keyboard(true);
  const password = readNewPassword(terminal, 'a@b');
  await Promise.all([expect(password).rejects.toThrow(reason), type(input, ...keys)]);
  expect(raw.at(-1)).toBe(false);
});

test.each([
  ['a line', 'pencil\n', 'pencil'],
  ['a line of Windows', 'pencil\r\n', 'pencil'],
  ['no line end', 'pencil', 'pencil'],
  ['spaces, which belong to it', '  pen cil \n', '  pen cil '],
  ['more lines, of which the first counts', 'pencil\nrest\n', 'pencil'],
])('from a pipe: %s', async (_, bytes, expected) => {
  const { terminal, input } = keyboard(false);
  input.end(bytes);
  expect(await readNewPassword(terminal, 'a@b')).toBe(expected);
});

test.each(['', '\n', `${'x'.repeat(5000)}\n`])(
  'from a pipe: nothing, or far too much',
  async (bytes) => {
    const { terminal, input } = keyboard(false);
    input.end(bytes);
    await expect(readNewPassword(terminal, 'a@b')).rejects.toMatchObject({
      code: 'password-missing',
    });
  },
);
