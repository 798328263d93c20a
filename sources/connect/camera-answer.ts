import { SourceError } from '../../config/app-error.ts';
import { redact } from '../../config/redact.ts';
import { cameraName, type NetworkAddress } from '../source-address.ts';

/** Of a connection that could not be made or broke off: what Node says, as a code and a line for people. */
export function connectionError(address: NetworkAddress, cause: unknown): SourceError {
  if (cause instanceof SourceError) return cause;
  const at = cameraName(address);
  const code = (cause as NodeJS.ErrnoException | null)?.code ?? '';
  const said = redact(cause instanceof Error ? cause.message.split('\n')[0]! : String(cause));
  switch (code) {
    case 'ECONNREFUSED':
      return new SourceError('STREAM_CONNECTION_FAILED', `nothing listens at ${at} (connection refused)`, { cause });
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NONAME':
      return new SourceError('STREAM_CONNECTION_FAILED', `the host name of ${at} is not known`, { cause });
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
    case 'ETIMEDOUT':
    case 'EADDRNOTAVAIL':
      return new SourceError('STREAM_CONNECTION_FAILED', `${at} cannot be reached`, { cause });
    case 'ECONNRESET':
    case 'EPIPE':
      return new SourceError('STREAM_CONNECTION_FAILED', `${at} broke the connection off`, { cause });
  }
  const tls = tlsProblem(address, code);
  return tls === null
    ? new SourceError('STREAM_CONNECTION_FAILED', `${at} cannot be reached: ${said}`, { cause })
    : new SourceError('STREAM_TLS_FAILED', tls, { cause });
}

/** For the handshake, where a reset means something else than later. */
export function handshakeError(address: NetworkAddress, cause: unknown): SourceError {
  const code = (cause as NodeJS.ErrnoException | null)?.code ?? '';
  if (!/^(ECONNRESET|EPIPE|EPROTO|ERR_SSL_.*)$/.test(code)) return connectionError(address, cause);
  const message = `the TLS handshake with ${cameraName(address)} failed; ${isItPlain(address)}`;
  return new SourceError('STREAM_TLS_FAILED', message, { cause });
}

/** How far a connection had come when its time was over. */
export type Progress = 'connecting' | 'handshake' | 'connected';

export function timedOut(address: NetworkAddress, progress: Progress): SourceError {
  const at = cameraName(address);
  switch (progress) {
    case 'connecting':
      return new SourceError('STREAM_CONNECTION_FAILED', `${at} cannot be reached`);
    case 'handshake':
      return new SourceError('STREAM_TLS_FAILED', `${at} does not answer the TLS handshake; ${isItPlain(address)}`);
    case 'connected':
      return new SourceError('STREAM_TIMEOUT', `${at} accepted the connection and then stayed silent`);
  }
}

function isItPlain(address: NetworkAddress): string {
  const [plain, secure] = address.kind === 'mjpeg' ? ['http', 'https'] : ['rtsp', 'rtsps'];
  return `is it ${plain}:// rather than ${secure}://?`;
}

function tlsProblem(address: NetworkAddress, code: string): string | null {
  const at = cameraName(address);
  const howTo = 'name it (or its authority) in tls.ca, or set tls.verify to false';
  switch (code) {
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return `the certificate of ${at} is self-signed: ${howTo}`;
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `the certificate of ${at} is of an authority that is not trusted here: ${howTo}`;
    case 'CERT_HAS_EXPIRED':
      return `the certificate of ${at} has expired`;
    case 'CERT_NOT_YET_VALID':
      return `the certificate of ${at} is not valid yet; is this machine's clock right?`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate of ${at} is for another name`;
  }
  return /^ERR_(SSL|TLS)_|^EPROTO$|CERT/.test(code)
    ? `the TLS handshake with ${at} failed (${code.toLowerCase()})`
    : null;
}
