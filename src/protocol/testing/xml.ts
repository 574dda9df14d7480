// Element trees for tests, as modules see them.
import { Element } from '../../xml/element.ts';

/** An element with its children in order. */
export function xml(
  name: string,
  attrs: Record<string, string> = {},
  ...children: (Element | string)[]
): Element {
  const element = new Element(name, attrs);
  element.append(...children);
  return element;
}
