// Just enough XML for a simulated client: whole elements out of what the server writes. A tag that does not fit is an error.

const NAME = /^[^\s/>]+/;

/** Cuts complete top-level elements out of a stream; the rest waits for more. */
export class ElementCutter {
  #rest = '';

  /** @returns elements and, as '</stream:stream>', the end of the stream. @throws TypeError for tags that do not match */
  push(text) {
    const input = this.#rest + text;
    const found = [];
    const open = [];
    let start = 0;
    let at = 0;
    for (;;) {
      const from = input.indexOf('<', at);
      if (from === -1) break;
      const end = input.indexOf('>', from);
      if (end === -1) break;
      at = end + 1;
      if (input[from + 1] === '?') continue;
      const isClose = input[from + 1] === '/';
      const [name] = NAME.exec(input.slice(from + (isClose ? 2 : 1), end)) ?? [''];
      if (name === 'stream:stream') {
        if (isClose) found.push('</stream:stream>');
        start = at;
        continue;
      }
      if (isClose) {
        if (open.pop() !== name) throw new TypeError(`</${name}> closes something else: ${input}`);
      } else if (input[end - 1] !== '/') {
        if (open.length === 0) start = from;
        open.push(name);
        continue;
      } else if (open.length === 0) start = from;
      if (open.length > 0) continue;
      found.push(input.slice(start, at));
      start = at;
    }
    this.#rest = input.slice(start);
    return found;
  }
}

/** An attribute of the start tag. */
export function attribute(element, name) {
  const end = element.indexOf('>');
  return new RegExp(`\\s${name}='([^']*)'`).exec(element.slice(0, end))?.[1];
}

/** Its name as written; an end tag's begins with the slash. */
export function nameOf(element) {
  return /^\/?[^\s/>]+/.exec(element.slice(1))?.[0] ?? '';
}
