// Every XML namespace that the server speaks or recognises, each named once.

/** Namespaces by short name; a feature writes `NS.carbons`, never the address. */
export const NS = {
  // RFC 6120, RFC 6121, RFC 7395
  client: 'jabber:client',
  server: 'jabber:server',
  component: 'jabber:component:accept', // XEP-0114
  streams: 'http://etherx.jabber.org/streams',
  streamErrors: 'urn:ietf:params:xml:ns:xmpp-streams',
  stanzaErrors: 'urn:ietf:params:xml:ns:xmpp-stanzas',
  tls: 'urn:ietf:params:xml:ns:xmpp-tls',
  sasl: 'urn:ietf:params:xml:ns:xmpp-sasl',
  bind: 'urn:ietf:params:xml:ns:xmpp-bind',
  session: 'urn:ietf:params:xml:ns:xmpp-session',
  framing: 'urn:ietf:params:xml:ns:xmpp-framing',
  roster: 'jabber:iq:roster',
  rosterVersioning: 'urn:xmpp:features:rosterver',
  preApproval: 'urn:xmpp:features:pre-approval',
  xml: 'http://www.w3.org/XML/1998/namespace',

  // Streams and log-in
  sm3: 'urn:xmpp:sm:3', // XEP-0198
  limits: 'urn:xmpp:stream-limits:0', // XEP-0478
  saslChannelBinding: 'urn:xmpp:sasl-cb:0', // XEP-0440
  sasl2: 'urn:xmpp:sasl:2', // XEP-0388
  saslUpgrade: 'urn:xmpp:sasl:upgrade:0', // XEP-0480
  scramUpgrade: 'urn:xmpp:scram-upgrade:0', // XEP-0480
  bind2: 'urn:xmpp:bind:0', // XEP-0386
  fast: 'urn:xmpp:fast:0', // XEP-0484
  csi: 'urn:xmpp:csi:0', // XEP-0352
  dialback: 'jabber:server:dialback', // XEP-0220
  dialbackFeature: 'urn:xmpp:features:dialback', // XEP-0220
  bidi: 'urn:xmpp:bidi', // XEP-0288
  bidiFeature: 'urn:xmpp:features:bidi', // XEP-0288
  httpBind: 'http://jabber.org/protocol/httpbind', // XEP-0124
  xbosh: 'urn:xmpp:xbosh', // XEP-0206
  register: 'jabber:iq:register', // XEP-0077
  registerFeature: 'http://jabber.org/features/iq-register', // XEP-0077
  caps: 'http://jabber.org/protocol/caps', // XEP-0115
  capsOptimize: 'http://jabber.org/protocol/caps#optimize', // XEP-0115 §8.4

  // Building blocks
  dataForms: 'jabber:x:data', // XEP-0004
  rsm: 'http://jabber.org/protocol/rsm', // XEP-0059
  delay: 'urn:xmpp:delay', // XEP-0203
  forward: 'urn:xmpp:forward:0', // XEP-0297
  stanzaIds: 'urn:xmpp:sid:0', // XEP-0359
  hints: 'urn:xmpp:hints', // XEP-0334
  hashes: 'urn:xmpp:hashes:2', // XEP-0300
  oob: 'jabber:x:oob', // XEP-0066
  address: 'http://jabber.org/protocol/address', // XEP-0033
  nick: 'http://jabber.org/protocol/nick', // XEP-0172
  occupantId: 'urn:xmpp:occupant-id:0', // XEP-0421

  // Services of the server and of an account
  discoInfo: 'http://jabber.org/protocol/disco#info', // XEP-0030
  discoItems: 'http://jabber.org/protocol/disco#items', // XEP-0030
  ping: 'urn:xmpp:ping', // XEP-0199
  version: 'jabber:iq:version', // XEP-0092
  time: 'urn:xmpp:time', // XEP-0202
  lastActivity: 'jabber:iq:last', // XEP-0012
  commands: 'http://jabber.org/protocol/commands', // XEP-0050
  admin: 'http://jabber.org/protocol/admin', // XEP-0133
  extDisco: 'urn:xmpp:extdisco:2', // XEP-0215
  extDisco1: 'urn:xmpp:extdisco:1', // XEP-0215 before 0.7
  upload: 'urn:xmpp:http:upload:0', // XEP-0363
  push: 'urn:xmpp:push:0', // XEP-0357
  carbons: 'urn:xmpp:carbons:2', // XEP-0280
  carbonsRules: 'urn:xmpp:carbons:rules:0', // XEP-0280
  mam2: 'urn:xmpp:mam:2', // XEP-0313
  mam2Extended: 'urn:xmpp:mam:2#extended', // XEP-0313
  blocking: 'urn:xmpp:blocking', // XEP-0191
  blockingErrors: 'urn:xmpp:blocking:errors', // XEP-0191
  reporting: 'urn:xmpp:reporting:1', // XEP-0377
  privateStorage: 'jabber:iq:private', // XEP-0049
  search: 'jabber:iq:search', // XEP-0055
  vcardTemp: 'vcard-temp', // XEP-0054
  vcardUpdate: 'vcard-temp:x:update', // XEP-0153
  pubsub: 'http://jabber.org/protocol/pubsub', // XEP-0060
  pubsubEvent: 'http://jabber.org/protocol/pubsub#event', // XEP-0060
  pubsubOwner: 'http://jabber.org/protocol/pubsub#owner', // XEP-0060
  pubsubErrors: 'http://jabber.org/protocol/pubsub#errors', // XEP-0060
  pubsubPublishOptions: 'http://jabber.org/protocol/pubsub#publish-options', // XEP-0060
  muc: 'http://jabber.org/protocol/muc', // XEP-0045
  mucUser: 'http://jabber.org/protocol/muc#user', // XEP-0045
  mucAdmin: 'http://jabber.org/protocol/muc#admin', // XEP-0045
  mucOwner: 'http://jabber.org/protocol/muc#owner', // XEP-0045
  directInvitation: 'jabber:x:conference', // XEP-0249

  // What messages carry
  chatStates: 'http://jabber.org/protocol/chatstates', // XEP-0085
  receipts: 'urn:xmpp:receipts', // XEP-0184
  markers: 'urn:xmpp:chat-markers:0', // XEP-0333
  correction: 'urn:xmpp:message-correct:0', // XEP-0308
  retraction: 'urn:xmpp:message-retract:1', // XEP-0424
  moderation: 'urn:xmpp:message-moderate:1', // XEP-0425
  reactions: 'urn:xmpp:reactions:0', // XEP-0444
  attaching: 'urn:xmpp:message-attaching:1', // XEP-0367
  fileSharing: 'urn:xmpp:sfs:0', // XEP-0447
  encryption: 'urn:xmpp:eme:0', // XEP-0380
  omemo: 'urn:xmpp:omemo:2', // XEP-0384
  omemoLegacy: 'eu.siacs.conversations.axolotl', // XEP-0384 before 0.4, what most clients send
  openPgp: 'urn:xmpp:openpgp:0', // XEP-0373
  openPgpLegacy: 'jabber:x:encrypted', // XEP-0027
  jingleMessage: 'urn:xmpp:jingle-message:0', // XEP-0353
  callInvites: 'urn:xmpp:call-invites:0', // XEP-0482
  ibb: 'http://jabber.org/protocol/ibb', // XEP-0047
} as const;
