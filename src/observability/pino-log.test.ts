import { openLog, type AdjustableLog, type LogOptions } from './pino-log.ts';
import { formatPretty } from './pretty.ts';

function collect(options: Partial<LogOptions> = {}): { log: AdjustableLog; lines: string[] } {
  const lines: string[] = [];
  const log = openLog({
    level: 'info',
    format: 'json',
    destination: { write: (line) => void lines.push(line) },
    ...options,
  });
  return { log, lines };
}

test('a line is one JSON object with level, time, fields and message', () => {
  const { log, lines } = collect({ fields: { worker: 1 } });
  log.info({ port: 5222 }, 'listening');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
    worker: 1,
    port: 5222,
    msg: 'listening',
  });
});

test('a change of level holds at once, for children made before too', () => {
  const { log, lines } = collect();
  const child = log.child({ part: 'store' }).child({ unit: 1 });
  child.debug({}, 'unheard');
  log.setLevel('debug');
  child.debug({}, 'heard');
  log.setLevel('error');
  child.warn({}, 'unheard');
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    expect.objectContaining({ msg: 'heard', part: 'store', unit: 1 }),
  ]);
});

test('fields named like secrets are not written, wherever they are', () => {
  const { log, lines } = collect();
  log.info({ password: 'pencil', user: { password: 'pencil', keys: { salt: 'pencil' } } }, 'x');
  log.child({ token: 'pencil' }).info({}, 'y');
  expect(lines.join('')).not.toContain('pencil');
  expect(lines.join('')).toContain('[secret]');
});

test('an error is written with its stack', () => {
  const { log, lines } = collect();
  log.error({ err: new TypeError('broken') }, 'x');
  const { err } = JSON.parse(lines[0] ?? '') as { err: { message: string; stack: string } };
  expect(err.message).toBe('broken');
  expect(err.stack).toContain('pino-log.test');
});

test('on a terminal a line is for people: time of day, level, message, fields', () => {
  const { log, lines } = collect({ format: 'pretty', colour: false });
  log.warn({ port: 5222, why: 'in use' }, 'cannot listen');
  expect(lines[0]).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} warn {2}cannot listen port=5222 why="in use"\n$/,
  );
});

test('auto is JSON where there is no terminal, and pretty on one', () => {
  const lines: string[] = [];
  const destination = { write: (line: string): void => void lines.push(line) };
  openLog({ level: 'info', format: 'auto', destination }, false).info({}, 'a');
  openLog({ level: 'info', format: 'auto', destination, colour: false }, true).info({}, 'b');
  expect(lines[0]).toMatch(/^\{/);
  expect(lines[1]).toMatch(/^\d\d:/);
});

test('what a client sent cannot steer the terminal', () => {
  const line = JSON.stringify({
    level: 'info',
    time: '',
    msg: 'a\u001b[2Jb\nc\u009b',
    from: '\u001b]0;x',
  });
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  expect(formatPretty(line, false).replace(/\n$/, '')).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
});
