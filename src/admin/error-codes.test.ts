import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OperatorError } from '../util/errors.ts';
import { ERROR_CODES, exitCodeOf, renderErrorReference } from './error-codes.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('every code an OperatorError is made with is in the table', () => {
  const used = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .flatMap((file) => [
      ...readFileSync(join(root, 'src', file), 'utf8').matchAll(
        /OperatorError\(\s*'([a-z0-9-]+)'/g,
      ),
    ])
    .map((match) => match[1]);
  expect(used).toContain('config-unreadable');
  expect(used.filter((code) => !Object.hasOwn(ERROR_CODES, code ?? ''))).toEqual([]);
});

test('a code decides the exit code; what is not in the table exits with 1', () => {
  expect(exitCodeOf(new OperatorError('config-invalid', '', ''))).toBe(78);
  expect(exitCodeOf(new OperatorError('server-not-running', '', ''))).toBe(69);
  expect(exitCodeOf(new OperatorError('control-timeout', '', ''))).toBe(75);
  expect(exitCodeOf(new OperatorError('constructor', '', ''))).toBe(1);
  expect(exitCodeOf(new TypeError('x'))).toBe(1);
});

test('the reference page is fresh', () => {
  expect(readFileSync(join(root, 'docs/reference/errors.md'), 'utf8')).toBe(renderErrorReference());
});
