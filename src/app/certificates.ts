// A certificate for each host: the operator's, or one made at first start so that nothing runs in the clear by accident.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { dirname } from 'node:path';
import { domainToASCII } from 'node:url';
import { createSecureContext, type SecureContext, type TLSSocket, type TlsOptions } from 'node:tls';
import { constants } from 'node:crypto';
import { xmppAddresses } from '../auth/certificate-addresses.ts';
import { serverEndPoint } from '../auth/certificate-binding.ts';
import type { HostSettings, Settings } from '../config/index.ts';
import { OperatorError } from '../util/errors.ts';
import type { Log } from '../util/log.ts';

const SELF_SIGNED_DAYS = 3650;

interface HostCertificate {
  readonly context: SecureContext;
  readonly endPoint: Buffer | undefined;
  /** The host that trusts client certificates of this context's authority; undefined: none does. */
  readonly trustingHost: string | undefined;
}

/** What Node checks on every server's socket and only tells of those that a tls.Server made. */
interface VerifiedHandle {
  readonly _handle?: { verifyError?(): unknown } | null;
}

/** What certificates are made of. */
export type CertificateSettings = Pick<Settings, 'hosts'> & {
  readonly tls: Pick<Settings['tls'], 'minVersion'>;
};

/** The certificates in force. Streams that stand keep theirs; a handshake takes what is in force when it begins. */
export class Certificates {
  /** By name as it stands in SNI: RFC 6066 §3, A-labels. */
  private byName: ReadonlyMap<string, HostCertificate>;
  private fallback: HostCertificate;
  /** One object, changed in place by a reload: whoever was given it has what is in force. */
  readonly tls: TlsOptions;

  /** @throws OperatorError `certificate-unreadable`, `certificate-unusable` */
  constructor(settings: CertificateSettings) {
    this.byName = loadAll(settings);
    this.fallback = firstOf(this.byName);
    this.tls = {
      secureContext: this.fallback.context,
      // RFC 7590 §3.4, RFC 6120 §13.7.2.1: the certificate of the host that is asked for.
      SNICallback: (name, done) => {
        done(null, this.shownFor(name).context);
      },
      // XEP-0368 §4
      ALPNProtocols: ['xmpp-client'],
      // XEP-0178 §2: asked for where a host trusts an authority; nobody has to have one.
      requestCert: asksClients(settings),
      rejectUnauthorized: false,
    };
  }

  /** Reads all files anew. @throws OperatorError as the constructor does; then those before stay in force */
  reload(settings: CertificateSettings): void {
    this.byName = loadAll(settings);
    this.fallback = firstOf(this.byName);
    this.tls.secureContext = this.fallback.context;
    this.tls.requestCert = asksClients(settings);
  }

  /** RFC 5929 §4.1 of the certificate that a client is shown. @param sni the name it asked for, if it did */
  endPoint(sni: string | false | null | undefined): Buffer | undefined {
    return this.shownFor(sni).endPoint;
  }

  /**
   * The addresses that a client's certificate is for.
   * SECURITY: the authority is that of the host whose certificate was shown, so the stream must be for that very host.
   * @returns undefined: it showed none, or none that the host trusts
   */
  certified(tls: TLSSocket, domain: string): readonly string[] | undefined {
    if (this.shownFor(tls.servername).trustingHost !== domain) return undefined;
    const certificate = tls.getPeerX509Certificate();
    const handle = (tls as unknown as VerifiedHandle)._handle;
    // What cannot be asked is not trusted.
    if (certificate === undefined || handle?.verifyError === undefined) return undefined;
    return handle.verifyError() === null ? xmppAddresses(certificate.raw) : undefined;
  }

  private shownFor(sni: string | false | null | undefined): HostCertificate {
    return this.byName.get((sni || '').toLowerCase()) ?? this.fallback;
  }
}

function loadAll({ hosts, tls }: CertificateSettings): ReadonlyMap<string, HostCertificate> {
  return new Map(hosts.map((host) => [domainToASCII(host.domain), load(host, tls.minVersion)]));
}

function asksClients({ hosts }: CertificateSettings): boolean {
  return hosts.some((host) => host.clientAuthority !== undefined);
}

function firstOf(certificates: ReadonlyMap<string, HostCertificate>): HostCertificate {
  return certificates.values().next().value as HostCertificate;
}

/** Makes what is missing below the data directory. Run once, before any worker reads the files. */
export async function makeMissingCertificates(settings: Settings, log: Log): Promise<void> {
  for (const host of settings.hosts) {
    if (host.given || (existsSync(host.certificate) && existsSync(host.key))) continue;
    // Loaded only when it is needed: it weighs more than the rest of the program.
    const { generate } = await import('selfsigned');
    const made = await generate([{ name: 'commonName', value: host.domain }], {
      keyType: 'ec',
      curve: 'P-256',
      algorithm: 'sha256',
      notAfterDate: new Date(Date.now() + SELF_SIGNED_DAYS * 86_400_000),
      extensions: [
        { name: 'basicConstraints', cA: false, critical: true },
        { name: 'subjectAltName', altNames: [{ type: 2, value: domainToASCII(host.domain) }] },
      ],
    });
    mkdirSync(dirname(host.certificate), { recursive: true, mode: 0o700 });
    writeFileSync(host.key, made.private, { mode: 0o600 });
    writeFileSync(host.certificate, made.cert, { mode: 0o644 });
    log.info(
      { host: host.domain, certificate: host.certificate },
      'made a self-signed certificate',
    );
  }
}

function load(host: HostSettings, minVersion: 'TLSv1.2' | 'TLSv1.3'): HostCertificate {
  const cert = read(host.certificate, host.domain);
  const key = read(host.key, host.domain);
  const authority = host.clientAuthority;
  const ca = authority === undefined ? undefined : readAuthority(authority, host.domain);
  try {
    const context = createSecureContext({
      cert,
      key,
      ...(ca === undefined ? {} : { ca }),
      minVersion,
      // docs/decisions/0004: no session tickets, they cost memory for every connection and save one round of signing.
      secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    });
    const endPoint = serverEndPoint(new X509Certificate(cert).raw);
    return { context, endPoint, trustingHost: ca === undefined ? undefined : host.domain };
  } catch (error) {
    throw new OperatorError(
      'certificate-unusable',
      `The certificate or key of ${host.domain} cannot be used: ${(error as Error).message}.`,
      `Check that ${host.certificate} and ${host.key} are PEM files and belong together.`,
      { cause: error },
    );
  }
}

function readAuthority(path: string, domain: string): Buffer {
  const pem = read(path, domain);
  try {
    // OpenSSL passes over what is no certificate, and would trust nobody without a word.
    new X509Certificate(pem);
    return pem;
  } catch (error) {
    throw new OperatorError(
      'certificate-unusable',
      `The authority for client certificates of ${domain} cannot be used: ${(error as Error).message}.`,
      `Check that ${path} is a PEM file with one certificate or more.`,
      { cause: error },
    );
  }
}

function read(path: string, domain: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new OperatorError(
      'certificate-unreadable',
      `The certificate of ${domain} cannot be read: ${(error as Error).message}.`,
      `Make ${path} readable for the user that runs xmppd, or correct "hosts" in the configuration.`,
      { cause: error },
    );
  }
}
