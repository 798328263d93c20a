import { readFileSync } from 'node:fs';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { SourceError } from '../../config/app-error.ts';
import { cameraName, type NetworkAddress, portOf, type TlsTrust } from '../source-address.ts';
import { connectionError, handshakeError, type Progress, timedOut } from './camera-answer.ts';

/** @returns what Node's TLS is to trust. @throws {SourceError} STREAM_TLS_FAILED when the file cannot be read. */
export function trustOptions(address: NetworkAddress): { rejectUnauthorized: boolean; ca?: Buffer } {
  if (address.kind === 'rtsp') return { rejectUnauthorized: true };
  const { verify, ca }: TlsTrust = address.tls;
  if (ca === null) return { rejectUnauthorized: verify };
  try {
    return { rejectUnauthorized: verify, ca: readFileSync(ca) };
  } catch (cause) {
    const said = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new SourceError(
      'STREAM_TLS_FAILED',
      `the certificates for ${cameraName(address)} (${ca}) cannot be read: ${said}`,
      {
        cause,
      },
    );
  }
}

/** As sockets take it: an IPv6 address stands in brackets in a URL only. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');
}

/**
 * Opens a TCP connection to a camera, with TLS where its URL says so (certificates verified unless the settings say otherwise).
 *
 * @param url of the camera, or where it redirected to.
 * @throws {SourceError} STREAM_CONNECTION_FAILED, STREAM_TLS_FAILED or STREAM_TIMEOUT.
 */
export async function connectCamera(address: NetworkAddress, url: string, signal: AbortSignal): Promise<Socket> {
  const host = hostOf(url);
  const secure = url.toLowerCase().startsWith('rtsps:');
  const tls = secure ? trustOptions(address) : null;
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const plain = connect({ host, port: portOf(url), noDelay: true, keepAlive: true });
  let socket: Socket = plain;
  let progress: Progress = 'connecting';
  const onAbort = () => reject(timedOut(address, progress));
  signal.addEventListener('abort', onAbort, { once: true });
  plain.on('error', (error) =>
    reject(progress === 'handshake' ? handshakeError(address, error) : connectionError(address, error)),
  );
  plain.once('connect', () => {
    if (!tls) return resolve(plain);
    progress = 'handshake';
    const encrypted = connectTls({ socket: plain, ...tls, host, ...(isIP(host) ? {} : { servername: host }) });
    socket = encrypted;
    encrypted.on('error', (error) => reject(handshakeError(address, error)));
    encrypted.once('secureConnect', () => resolve(encrypted));
    encrypted.once('close', () =>
      reject(handshakeError(address, Object.assign(new Error('closed'), { code: 'ECONNRESET' }))),
    );
  });
  if (signal.aborted) onAbort();
  try {
    return await promise;
  } catch (error) {
    socket.destroy();
    plain.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
