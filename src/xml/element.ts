// The tree that modules see: @xmpp/xml's Element, built from our tokens and written by our writer.
export { Element } from '@xmpp/xml';
