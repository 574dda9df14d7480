// What a log-in can be bound to on a client's TLS connection: RFC 9266 and RFC 5929.
import type { TLSSocket } from 'node:tls';
import type { ChannelBinding } from '../auth/mechanisms.ts';
import type { C2sParts } from './c2s-parts.ts';

export function channelBindingOf(tls: TLSSocket, endPointOf: C2sParts['endPoint']): ChannelBinding {
  // RFC 5929 §4: of the certificate that was shown, which SNI chose, not the stream's `to`.
  const endPoint = endPointOf(tls.servername);
  return {
    // RFC 9266 §2: only where the master secret is bound to the handshake, which TLS 1.3 makes sure of.
    ...(tls.getProtocol() === 'TLSv1.3'
      ? { tlsExporter: tls.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)) }
      : {}),
    ...(endPoint === undefined ? {} : { tlsServerEndPoint: endPoint }),
  };
}
