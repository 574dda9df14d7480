// How accounts are made and changed in band, where the operator says nothing.

/** The options of the module; options.ts describes them. */
export interface RegistrationOptions {
  readonly enabled: boolean;
  readonly withoutTls: boolean;
  readonly maxPerAddress: number;
  readonly periodHours: number;
  readonly minPasswordChars: number;
  readonly reservedNames: readonly string[];
  readonly passwordChange: boolean;
  readonly removal: boolean;
}

export const DEFAULTS: RegistrationOptions = {
  enabled: false,
  withoutTls: false,
  maxPerAddress: 3,
  periodHours: 24,
  minPasswordChars: 8,
  // RFC 2142 and what people take for somebody in charge.
  reservedNames: [
    ...['abuse', 'admin', 'administrator', 'hostmaster', 'info', 'moderator', 'news', 'noc'],
    ...['nobody', 'operator', 'owner', 'postmaster', 'root', 'sales', 'security', 'service'],
    ...['support', 'system', 'webmaster', 'xmpp'],
  ],
  passwordChange: true,
  removal: true,
};
