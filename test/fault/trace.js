// Reads what `strace -f -yy -s … -o FILE` wrote: system calls with their beginning and end, in the order of the kernel's
// stops, and the bytes that they were given.

/**
 * @typedef {object} Event
 * @property {'begin' | 'end'} phase
 * @property {string} call
 * @property {string} target what the file descriptor is: a path, or TCP:[local->remote]
 * @property {string} data one UTF-16 unit per byte; '' for calls without any
 * @property {number} offset of pwrite64
 */

const BEGUN = /^(\d+) +(\w+)\((.*)$/s;
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>/;
const UNFINISHED = ' <unfinished ...>';
const TARGET = /^\d+<((?:->|[^<>])*)>/;
const STRING = /"((?:[^"\\]|\\.)*)"/gs;
const ESCAPES = { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f', '"': '"', '\\': '\\' };

/** @param {string} text as strace prints a string */
function unescaped(text) {
  return text.replace(/\\([0-7]{1,3}|.)/g, (_all, code) => {
    const known = ESCAPES[/** @type {keyof typeof ESCAPES} */ (code)];
    return known ?? String.fromCharCode(Number.parseInt(code, 8));
  });
}

/**
 * @param {string} text the whole file
 * @returns {Generator<Event>}
 */
export function* events(text) {
  /** Calls that have begun and not ended, by thread. @type {Map<string, Event>} */
  const open = new Map();
  for (const line of text.split('\n')) {
    const resumed = RESUMED.exec(line);
    if (resumed !== null) {
      const begun = open.get(resumed[1] ?? '');
      if (begun !== undefined) yield { ...begun, phase: 'end' };
      open.delete(resumed[1] ?? '');
      continue;
    }
    const [, thread = '', call = '', rest = ''] = BEGUN.exec(line) ?? [];
    if (call === '') continue;
    const unfinished = rest.endsWith(UNFINISHED);
    const event = {
      phase: /** @type {const} */ ('begin'),
      call,
      target: TARGET.exec(rest)?.[1] ?? '',
      data: [...rest.matchAll(STRING)].map(([, part = '']) => unescaped(part)).join(''),
      offset: Number(/, (\d+)(?:\)\s+= -?\d+.*| <unfinished \.\.\.>)$/.exec(rest)?.[1] ?? -1),
    };
    yield event;
    if (unfinished) open.set(thread, event);
    else yield { ...event, phase: 'end' };
  }
}
