// XEP-0077 (2.4): accounts made before log-in, passwords changed and accounts removed by their owners.
import { networkOf } from '../../auth/throttle.ts';
import type { EarlyRequest } from '../../host/before-login.ts';
import type { IqRequest, Module, ModuleHost } from '../../host/module.ts';
import type { Registrar } from '../../host/registrar.ts';
import { JidError, makeJid, type Jid } from '../../protocol/jid.ts';
import { NS } from '../../protocol/namespaces.ts';
import { resultBytes } from '../../protocol/replies.ts';
import { StanzaError } from '../../protocol/stanza-error.ts';
import type { Bytes } from '../../xml/bytes.ts';
import { DEFAULTS, type RegistrationOptions } from './defaults.ts';
import { Pace } from './pace.ts';
import { REGISTRATIONS_SCHEMA, RegistrationsStore } from './registrations-store.ts';
import { isRemoval, readWanted, registeredFields, registrationFields } from './wanted.ts';

export const registration: Module = {
  declaration: {
    name: 'registration',
    summary: 'Lets users change their passwords, and, where it is allowed, make their accounts.',
    xeps: [{ spec: 'XEP-0077', version: '2.4', status: 'complete' }],
    options: async () => (await import('./options.ts')).OPTIONS,
    stores: REGISTRATIONS_SCHEMA,
  },
  setup(host: ModuleHost): void {
    const { registrar } = host;
    if (registrar === undefined) return;
    const given = host.options as Partial<RegistrationOptions> | undefined;
    const service = new Registration(host, registrar, { ...DEFAULTS, ...given });
    service.offer();
  },
};

class Registration {
  private readonly host: ModuleHost;
  private readonly registrar: Registrar;
  private readonly options: RegistrationOptions;
  private readonly pace: Pace;
  /** Streams that have made their account: XEP-0077 §3.1.1, one each. */
  private readonly used = new WeakSet();

  constructor(host: ModuleHost, registrar: Registrar, options: RegistrationOptions) {
    this.host = host;
    this.registrar = registrar;
    this.options = options;
    this.pace = new Pace(host, new RegistrationsStore(host.storage), options);
  }

  offer(): void {
    const { host } = this;
    const { enabled, withoutTls, passwordChange, removal } = this.options;
    if (enabled) {
      host.beforeLogin({
        ns: NS.register,
        name: 'query',
        feature: `<register xmlns='${NS.registerFeature}'/>` as Bytes,
        needsTls: !withoutTls,
        handler: (request) => this.newcomer(request),
      });
    }
    if (!enabled && !passwordChange && !removal) return;
    host.disco('host', { features: [NS.register] });
    host.iq('host', NS.register, 'query', (request) => this.member(request));
    host.iq('account', NS.register, 'query', (request) => {
      if (!request.own) throw request.unknown();
      return this.member(request);
    });
  }

  /** Before log-in: everybody is unregistered (§3.1.1). */
  private newcomer(request: EarlyRequest): Bytes | Promise<undefined> {
    if (request.type === 'get') return registrationFields();
    // §3.2: there is nobody whose account it could be.
    if (isRemoval(request.payload)) throw new StanzaError('unexpected-request');
    const { username = '', password = '' } = readWanted(request.payload);
    // §3.1: what is not filled in, an empty password too, is not acceptable.
    if (username === '' || password === '') {
      throw new StanzaError('not-acceptable', 'modify', 'A name and a password are needed.');
    }
    if (this.used.has(request.stream)) {
      throw new StanzaError('not-acceptable', 'cancel', 'One account for each connection.');
    }
    const jid = this.newAddress(username, request.domain);
    this.checkPassword(password);
    const network = networkOf(request.peerAddress);
    return this.pace
      .run(network, () => this.registrar.create(jid.bare, password))
      .then(() => {
        this.used.add(request.stream);
        this.host.log.info({ jid: jid.bare, address: network }, 'an account was made in band');
        return undefined;
      });
  }

  private newAddress(username: string, domain: string): Jid {
    let jid: Jid;
    try {
      // SECURITY: a name and nothing else, whatever signs of an address it has.
      jid = makeJid(username, domain, '');
    } catch (error) {
      if (!(error instanceof JidError)) throw error;
      throw new StanzaError('not-acceptable', 'modify', error.message);
    }
    if (this.options.reservedNames.includes(jid.local)) {
      throw new StanzaError('not-acceptable', 'modify', 'This name is not given away.');
    }
    return jid;
  }

  private checkPassword(password: string): void {
    const { minPasswordChars } = this.options;
    if (Array.from(password).length >= minPasswordChars) return;
    throw new StanzaError(
      'not-acceptable',
      'modify',
      `A password needs at least ${minPasswordChars.toString()} characters.`,
    );
  }

  /** After log-in, at the host or at the own address. */
  private member(request: IqRequest): Bytes | Promise<undefined> {
    const { from, to, payload, type } = request;
    // Users of another host have no account here, and are none of the newcomers either.
    if (from.local === '' || from.domain !== to.domain) throw new StanzaError('forbidden');
    if (type === 'get') return registeredFields(from.local);
    if (isRemoval(payload)) return this.remove(request);
    return this.changePassword(request);
  }

  private async changePassword({ from, payload }: IqRequest): Promise<undefined> {
    // §3.3: where it is not offered.
    if (!this.options.passwordChange) throw new StanzaError('not-allowed');
    const { username, password = '' } = readWanted(payload);
    // SECURITY: one's own alone; a second account is not made here (§3.1.1).
    if (username !== undefined && !isSelf(username, from)) throw new StanzaError('not-allowed');
    // §3.3: an empty password changes nothing.
    if (password === '') throw new StanzaError('bad-request', 'modify', 'The password is empty.');
    this.checkPassword(password);
    await this.registrar.setPassword(from.bare, password);
    this.host.log.info({ jid: from.bare }, 'a password was changed in band');
    return undefined;
  }

  private async remove(request: IqRequest): Promise<undefined> {
    const { stanza, from, to, session } = request;
    // §3.2: where it is not offered.
    if (!this.options.removal) throw new StanzaError('not-allowed');
    await this.registrar.remove(from.bare, () => {
      // §3.2: the result first, then the streams end; when that is done nobody is left to be answered.
      session?.deliver(resultBytes(stanza, to, from, undefined));
    });
    this.host.log.info({ jid: from.bare }, 'an account was removed in band');
    return undefined;
  }
}

function isSelf(username: string, from: Jid): boolean {
  try {
    return makeJid(username, from.domain, '').local === from.local;
  } catch (error) {
    if (error instanceof JidError) return false;
    throw error;
  }
}
