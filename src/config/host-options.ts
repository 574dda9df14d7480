// The option `hosts`: the domains served, each with what is its own.
import { z } from 'zod';
import { domain, path, type OptionMeta } from './values.ts';

const hostFiles = z
  .strictObject({
    certificate: path.optional().meta({
      description: 'PEM file of the certificate, with its chain behind it.',
      live: true,
    } satisfies OptionMeta),
    key: path.optional().meta({
      description: 'PEM file of the private key.',
      live: true,
    } satisfies OptionMeta),
    clientAuthority: path.optional().meta({
      description:
        'PEM file of the authority whose client certificates log in to the accounts that they name (SASL EXTERNAL).',
      live: true,
    } satisfies OptionMeta),
    anonymous: z
      .boolean()
      .optional()
      .meta({
        description:
          'Whether anybody may log in without an account, under a name made for the time of the session (SASL ANONYMOUS).',
        live: true,
        defaultText: 'false',
      } satisfies OptionMeta),
  })
  .refine((files) => (files.certificate === undefined) === (files.key === undefined), {
    message: 'needs both files, or neither',
  });

export const hosts = z
  .union([
    z
      .array(domain)
      .min(1)
      .refine((list) => new Set(list).size === list.length, { message: 'names a domain twice' }),
    z
      .record(domain, hostFiles.nullable())
      .refine((map) => Object.keys(map).length > 0, { message: 'names no domain' }),
  ])
  .default(['localhost'])
  .meta({
    description:
      'The domains served. A host without files of its own gets a self-signed certificate, made at first start. Sessions of a host that is taken out end; its accounts are kept.',
    live: true,
    allowed:
      'a list of domains, or a map: domain -> { certificate, key, clientAuthority, anonymous }',
    example: {
      'example.org': { certificate: 'tls/example.org.crt', key: 'tls/example.org.key' },
    },
  } satisfies OptionMeta);
