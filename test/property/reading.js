import { XmlError } from "../../src/xml/errors.js";
import { STANZA_LIMITS } from "../../src/xml/limits.js";
import { Tokenizer, } from "../../src/xml/tokenizer.js";
import { XmlContext } from "../../src/xml/xml-context.js";
export const HEADER = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='h' version='1.0'>";
export class Recording {
    headers = [];
    stanzas = [];
    closed = 0;
    /** Called for each stanza after it was noted. */
    then;
    onOpen(header) {
        this.headers.push(header);
    }
    onStanza(stanza) {
        this.stanzas.push(stanza);
        this.then?.(stanza);
    }
    onClose() {
        this.closed++;
    }
}
/** A tokenizer with its recording. */
export function reader(limits = STANZA_LIMITS, context = new XmlContext()) {
    const seen = new Recording();
    const tokenizer = new Tokenizer(context, seen, limits);
    const push = (text) => tokenizer.push(Buffer.from(text));
    return { seen, tokenizer, push, context };
}
/** The stanzas below an ordinary header. */
export function stanzasOf(text, header = HEADER) {
    const { seen, push } = reader();
    push(header);
    push(text);
    return seen.stanzas;
}
/** The only stanza. */
export function stanzaOf(text, header) {
    const [stanza] = stanzasOf(text, header);
    if (stanza === undefined)
        throw new XmlError('invalid-xml', 'no stanza was read');
    return stanza;
}
/** The condition with which a stream is refused; undefined if it is not. */
export function conditionOf(text, header = HEADER) {
    const { push } = reader();
    try {
        push(header);
        push(text);
    }
    catch (error) {
        if (error instanceof XmlError)
            return error.condition;
        throw error;
    }
    return undefined;
}
