// One JSON log line as a line for a person: time of day, level, message, the fields behind it.

const COLOURS: Readonly<Record<string, string>> = {
  debug: '90',
  info: '36',
  warn: '33',
  error: '31',
};

interface LoggedError {
  readonly message?: unknown;
  readonly stack?: unknown;
  readonly code?: unknown;
}

/** @returns the line with its end; text that is no JSON object is returned as it is */
export function formatPretty(line: string, colour: boolean): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    // Not ours: whatever it is, the operator should see it.
    return line;
  }
  const { level, time, msg, err, ...fields } = entry;
  const paint = (code: string, text: string): string =>
    colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  const name = String(level);
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${show(value)}`);
  const parts = [
    paint('90', clockTime(String(time))),
    paint(COLOURS[name] ?? '0', name.padEnd(5)),
    printable(String(msg)),
    ...(rest.length === 0 ? [] : [paint('90', rest.join(' '))]),
  ];
  return `${parts.join(' ')}\n${err === undefined ? '' : errorLines(err as LoggedError)}`;
}

/** The local time of day; the date is known to whoever looks at a terminal. */
function clockTime(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(
    date.getMilliseconds(),
  ).padStart(3, '0')}`;
}

function show(value: unknown): string {
  if (typeof value === 'string' && /^[\w.:@/[\]-]+$/u.test(value)) return value;
  return printable(JSON.stringify(value));
}

function errorLines(error: LoggedError): string {
  const text = typeof error.stack === 'string' ? error.stack : String(error.message);
  return text
    .split('\n')
    .map((each) => `    ${printable(each)}\n`)
    .join('');
}

/** SECURITY: what a client sent may be in a message; it must not steer the operator's terminal. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (found) => {
    return `\\x${found.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
