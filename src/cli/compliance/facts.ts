// What a client can see of the server, gathered once; the rules judge it without asking anything.

/** What disco#info says of an address (XEP-0030). */
export interface Entity {
  /** `category/type` */
  readonly identities: ReadonlySet<string>;
  readonly features: ReadonlySet<string>;
  /** Values of the fields of all data forms, by name (XEP-0128). */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/** A service of XEP-0215. */
export interface ExternalService {
  readonly type: string;
  readonly host: string;
  readonly port: string;
  readonly transport: string;
  readonly hasCredentials: boolean;
}

/** How a listener with TLS from the first byte answered. */
export interface DirectTls {
  /** It agreed on the protocol `xmpp-client` (XEP-0368 §3). */
  readonly alpn: boolean;
  /** The certificate names the domain. */
  readonly names: boolean;
  /** It comes from an authority that this machine trusts. */
  readonly trusted: boolean;
  /** The stream begins with `<?xml`. */
  readonly declaration: boolean;
}

export interface Facts {
  readonly domain: string;
  /** Kinds of listeners: c2s, c2s-tls, websocket … */
  readonly listeners: ReadonlySet<string>;
  /** Absent without such a listener. */
  readonly directTls: DirectTls | undefined;
  /** The log-in was under TLS. */
  readonly encrypted: boolean;
  /** `name ns` of the children of the stream features. */
  readonly featuresBefore: ReadonlySet<string>;
  readonly featuresAfter: ReadonlySet<string>;
  /** disco#info of the domain, of the own bare JID, and of each item of the domain. */
  readonly host: Entity;
  readonly account: Entity;
  readonly items: readonly Entity[];
  readonly services: readonly ExternalService[];
  /** Namespaces whose request to the own account or to the server was answered with a result. */
  readonly answers: ReadonlySet<string>;
}
