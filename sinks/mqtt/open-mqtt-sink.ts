import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { AppError } from '../../config/app-error.ts';
import type { MqttSettings } from '../../config/sink-settings.ts';
import type { Clock, Logger } from '../../pipeline/ports.ts';
import type { Broker } from './broker.ts';
import { MqttSink } from './mqtt-sink.ts';
import type { CamerasNow, DoorsNow } from './surroundings.ts';

export interface OpenMqttSinkOptions {
  /** Absolute; makes the client id one that no other facegate has. */
  readonly dataDir: string;
  readonly cameras: CamerasNow;
  readonly doors: DoorsNow;
  /** Of facegate. */
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * An MQTT sink by its settings. It connects when it is started; a broker that is not there is no error.
 *
 * @throws {AppError} CONFIG_INVALID when the file of `ca` cannot be read or holds no certificate.
 */
export function openMqttSink(settings: MqttSettings, options: OpenMqttSinkOptions): MqttSink {
  const { id, topic, names, homeAssistant, frigate, commands, doors: doorIds } = settings;
  const { dataDir, cameras, doors, version, clock, log } = options;
  return new MqttSink({
    id,
    broker: brokerOf(settings),
    clientId: settings.clientId ?? stableClientId(dataDir, id),
    topic,
    names,
    homeAssistant: prefixOf(homeAssistant, 'homeassistant'),
    frigate: prefixOf(frigate, 'frigate'),
    commands,
    doorIds,
    cameras,
    doors,
    version,
    clock,
    log,
  });
}

function brokerOf({ id, url, ca, insecure, version, username, password }: MqttSettings): Broker {
  const { protocol, hostname: host, port } = new URL(url);
  const tls = protocol === 'mqtts:';
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port: port === '' ? (tls ? 8883 : 1883) : Number(port),
    tls: tls ? { ca: ca === undefined ? undefined : readAuthority(id, ca), insecure } : null,
    version,
    username,
    password,
  };
}

function readAuthority(id: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', `sink "${id}": the file of "ca", ${file}, cannot be read`, { cause });
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new AppError('CONFIG_INVALID', `sink "${id}": the file of "ca", ${file}, holds no certificate in PEM`);
  }
  return text;
}

function prefixOf(setting: boolean | { prefix: string }, usual: string): string | null {
  if (typeof setting === 'object') return setting.prefix;
  return setting ? usual : null;
}

/** 23 letters and digits, which every broker takes (MQTT 3.1.1 §3.1.3.1). */
function stableClientId(dataDir: string, id: string): string {
  const hash = createHash('sha256').update(`${hostname()}\0${dataDir}\0${id}`).digest('hex');
  return `facegate${hash.slice(0, 15)}`;
}
