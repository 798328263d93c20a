/** Where a broker is and what it takes to be let in. */
export interface Broker {
  readonly host: string;
  readonly port: number;
  /** Null: in the clear. */
  readonly tls: BrokerTls | null;
  /** 5 is MQTT 5.0, 4 is MQTT 3.1.1. */
  readonly version: 5 | 4;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

export interface BrokerTls {
  /** PEM; trusted instead of the usual authorities. */
  readonly ca: string | undefined;
  /** The certificate is not looked at. */
  readonly insecure: boolean;
}

/** What is published: UTF-8, QoS 1. */
export interface MqttMessage {
  readonly topic: string;
  /** Empty and retained: the broker forgets what it kept under that topic. */
  readonly payload: string;
  readonly retain: boolean;
  /** A broker of MQTT 5 hands it to nobody after so many seconds; ≥ 1. Null: it has no end. */
  readonly expiresInS: number | null;
}

/** As it came from the broker. */
export interface ReceivedMessage {
  readonly topic: string;
  readonly payload: string;
  /** It was kept by the broker, or (MQTT 5) sent so that it would be. */
  readonly retained: boolean;
}

/** `mqtts://host:8883`, without credentials. */
export function brokerUrl({ host, port, tls }: Broker): string {
  return `mqtt${tls ? 's' : ''}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
