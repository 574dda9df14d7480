// XEP-0215 (1.0.0): services outside XMPP that clients need, from a list of the operator.
import type { Element } from '../../xml/element.ts';
import type { IqRequest, Module, ModuleHost } from '../../host/module.ts';
import { NS } from '../../protocol/namespaces.ts';
import { StanzaError } from '../../protocol/stanza-error.ts';
import { formatTimestamp } from '../../protocol/timestamp.ts';
import type { Bytes } from '../../xml/bytes.ts';
import { attribute } from '../../xml/writer.ts';
import { temporaryCredentials, type Credentials } from './credentials.ts';

/** As the options have it. */
export interface Service {
  readonly type: string;
  readonly host: string;
  readonly port?: number;
  readonly transport?: string;
  readonly name?: string;
  readonly username?: string;
  readonly password?: string;
  readonly secret?: string;
  readonly ttlHours?: number;
}

const TTL_HOURS = 24;

/** COMPAT(several): clients ask in either namespace; the elements are the same. */
const NAMESPACES = [NS.extDisco, NS.extDisco1];

export const externalServices: Module = {
  declaration: {
    name: 'external-services',
    summary: 'Tells clients of STUN and TURN servers and the like, with credentials.',
    xeps: [
      { spec: 'XEP-0215', version: '1.0.0', status: 'complete', note: 'without pushes (§3.2)' },
    ],
    options: async () => (await import('./options.ts')).OPTIONS,
  },
  setup(host: ModuleHost): void {
    const { services = [] } = (host.options ?? {}) as { readonly services?: readonly Service[] };
    // Who offers nothing does not say that it is offered: clients take it for "calls will work".
    if (services.length === 0) return;
    host.disco('host', { features: NAMESPACES });
    for (const ns of NAMESPACES) {
      host.iq('host', ns, 'services', (request) => list(host, services, ns, request));
      host.iq('host', ns, 'credentials', (request) => credentials(host, services, ns, request));
    }
  },
};

/** XEP-0215 §3.1, §3.2 */
function list(
  host: ModuleHost,
  services: readonly Service[],
  ns: string,
  request: IqRequest,
): Bytes {
  check(host, request);
  const type = given(request.payload, 'type');
  const wanted = services.filter((service) => type === undefined || service.type === type);
  const items = wanted.map((service) => written(service, credentialsOf(host, service, request)));
  // XEP-0215 §3.2, example 4: the type that was asked for is named.
  const head = `<services xmlns='${ns}'${type === undefined ? '' : attribute('type', type)}`;
  return (items.length === 0 ? `${head}/>` : `${head}>${items.join('')}</services>`) as Bytes;
}

/** XEP-0215 §3.3 */
function credentials(
  host: ModuleHost,
  services: readonly Service[],
  ns: string,
  request: IqRequest,
): Bytes {
  check(host, request);
  const asked = request.payload.getChild('service', ns);
  const address = asked === undefined ? undefined : given(asked, 'host');
  const type = asked === undefined ? undefined : given(asked, 'type');
  // XEP-0215 §3.3: host and type are required.
  if (asked === undefined || address === undefined || type === undefined) {
    throw new StanzaError('bad-request', 'modify', 'Name the host and the type of a service.');
  }
  const port = given(asked, 'port');
  const fitting = services.filter(
    (service) =>
      service.host === address &&
      service.type === type &&
      (port === undefined || service.port?.toString() === port),
  );
  if (fitting.length === 0) throw new StanzaError('item-not-found');
  const items = fitting.map((service) => written(service, credentialsOf(host, service, request)));
  return `<credentials xmlns='${ns}'>${items.join('')}</credentials>` as Bytes;
}

function check(host: ModuleHost, { type, from }: IqRequest): void {
  if (type !== 'get') throw new StanzaError('bad-request');
  // SECURITY: XEP-0215 §3: a relay costs its owner; it is for those who have an account here.
  if (from.local === '' || !host.hosts.includes(from.domain)) throw new StanzaError('forbidden');
}

function credentialsOf(
  host: ModuleHost,
  service: Service,
  { from }: IqRequest,
): Credentials | undefined {
  const { secret, username, password, ttlHours = TTL_HOURS } = service;
  if (secret !== undefined) {
    return temporaryCredentials(secret, from.bare, host.clock.now(), ttlHours);
  }
  if (username === undefined || password === undefined) return undefined;
  return { username, password, expiresAtMs: undefined };
}

function written(service: Service, secret: Credentials | undefined): string {
  const { type, host, port, transport, name } = service;
  const attributes: readonly (readonly [string, string | undefined])[] = [
    ['type', type],
    ['host', host],
    ['port', port?.toString()],
    ['transport', transport],
    ['name', name],
    // XEP-0215 §3: credentials are needed; they stand beside it.
    ['restricted', secret === undefined ? undefined : 'true'],
    ['username', secret?.username],
    ['password', secret?.password],
    // XEP-0215 §3: XEP-0082, in UTC.
    [
      'expires',
      secret?.expiresAtMs === undefined ? undefined : formatTimestamp(secret.expiresAtMs),
    ],
  ];
  const text = attributes.map(([key, value]) => (value === undefined ? '' : attribute(key, value)));
  return `<service${text.join('')}/>`;
}

function given(element: Element, name: string): string | undefined {
  const value: unknown = element.attrs[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
