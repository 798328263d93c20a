import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import { addressesIn, isLoopbackAddress } from '../../config/address-range.ts';

/** Whom a request comes from, as far as connections tell. */
export interface CallerOrigin {
  /** IP address; IPv4 as such, also where the socket speaks IPv6. */
  readonly address: string;
  /** The caller's own connection was TLS. */
  readonly secure: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    readonly from: CallerOrigin;
  }
}

const UNKNOWN = 'unknown';

/** Tells a request's origin by the rules of one server. */
export type TellOrigin = (request: Pick<IncomingMessage, 'socket' | 'headers'>) => CallerOrigin;

/** Of a tenant behind facegate's gateway, which alone reaches its socket: the gateway says it of each request. */
export const originByGateway: TellOrigin = ({ headers }) => ({
  address: listOf(headers, 'x-forwarded-for').at(-1) ?? UNKNOWN,
  secure: listOf(headers, 'x-forwarded-proto').at(-1) === 'https',
});

/**
 * Of a server that people reach themselves, or by way of proxies. What `x-forwarded-for` and `x-forwarded-proto` say counts where a
 * proxy of the list wrote it: of the addresses the last one that none of them has, and the scheme that stands as far from the end.
 * From anybody else it is a claim. Nobody becomes this machine by what a header says, nor by what it leaves unreadable.
 *
 * @param trusted `server.trustedProxies`: addresses and ranges.
 */
export function originByProxies(trusted: readonly string[]): TellOrigin {
  const isProxy = addressesIn(trusted);
  return ({ socket, headers }) => {
    const isTls = socket instanceof TLSSocket;
    let address = plain(socket.remoteAddress ?? UNKNOWN);
    if (!isProxy(address)) return { address, secure: isTls };
    const claims = listOf(headers, 'x-forwarded-for').reverse();
    let hops = 0;
    for (const claim of claims) {
      const proxied = isProxy(claim);
      if (isIP(claim) === 0 || (isLoopbackAddress(claim) && !proxied)) break;
      address = plain(claim);
      hops++;
      if (!proxied) break;
    }
    const schemes = listOf(headers, 'x-forwarded-proto');
    // Of a WebSocket some say `wss`.
    const secure = /^(?:https|wss)$/i.test(schemes.at(-Math.max(1, hops)) ?? schemes[0] ?? '');
    return { address: claims.length > 0 && isLoopbackAddress(address) ? UNKNOWN : address, secure: isTls || secure };
  };
}

/** Gives each request its `from`. */
export const fromGetter = (tell: TellOrigin) => ({
  getter(this: FastifyRequest): CallerOrigin {
    return tell(this.raw);
  },
});

/** Each proxy adds to the end, in a header of its own or in the one there is. */
function listOf(headers: IncomingHttpHeaders, name: 'x-forwarded-for' | 'x-forwarded-proto'): string[] {
  const value = headers[name];
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');
