import { AppError } from '../../config/app-error.ts';
import { type Broker, brokerUrl } from './broker.ts';

/** Reason codes of CONNACK: MQTT 3.1.1 §3.2.2.3, MQTT 5.0 §3.2.2.2. */
const CREDENTIALS_REFUSED = new Set([4, 5, 134, 135, 138]);
const SESSION_TAKEN_OVER = 142;
/** What Node and OpenSSL call certificates and handshakes that fail. */
const TLS_CODE = /CERT|SSL|TLS|SIGNATURE|^EPROTO$|SELF_SIGNED|ISSUER/;

/** Why the connection could not be opened, or ended: which broker, what it said, what to do. Never a credential. */
export function connectionTrouble(broker: Broker, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const url = brokerUrl(broker);
  const { code, message } = cause as { code?: unknown; message?: unknown };
  const said = typeof message === 'string' && message !== '' ? message : String(code ?? cause);
  if (typeof code === 'number') {
    if (CREDENTIALS_REFUSED.has(code)) {
      const who = broker.username === undefined ? 'a client without user name' : 'the user name or password';
      return new AppError('MQTT_AUTH_FAILED', `the broker ${url} refused ${who} (${said})`, { cause });
    }
    const hint = code === SESSION_TAKEN_OVER ? '; another client uses the same clientId' : '';
    return new AppError('MQTT_REFUSED', `the broker ${url} ended the connection: ${said}${hint}`, { cause });
  }
  if (broker.tls && (TLS_CODE.test(String(code)) || /TLS/.test(said))) {
    const hint = broker.tls.ca === undefined ? '; name its authority with "ca"' : '';
    return new AppError('MQTT_TLS_FAILED', `the certificate of ${url} was not accepted: ${said}${hint}`, { cause });
  }
  if (/connack timeout/i.test(said)) {
    return new AppError('MQTT_TIMEOUT', `the broker ${url} accepted the connection and then stayed silent`, { cause });
  }
  return new AppError('MQTT_CONNECTION_FAILED', `no connection to the broker ${url}: ${said}`, { cause });
}

/** Why a message or a subscription was refused while the connection stands. */
export function refusal(broker: Broker, what: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const said = cause instanceof Error ? cause.message : String(cause);
  return new AppError('MQTT_REFUSED', `the broker ${brokerUrl(broker)} refused ${what}: ${said}`, { cause });
}
