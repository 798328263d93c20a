import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../pipeline/system-clock.ts';
import type { Broker } from '../../../sinks/mqtt/broker.ts';
import { BrokerLink } from '../../../sinks/mqtt/broker-link.ts';
import { eventually } from '../../support/eventually.ts';
import { Mosquitto } from '../../support/mosquitto.ts';
import { MqttListener } from '../../support/mqtt-listener.ts';
import { plainBroker } from '../../support/mqtt-surroundings.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { requirement } from '../../support/requirements.ts';
import { selfSigned } from '../../support/self-signed.ts';

const NEVER = new AbortController().signal;
const PASSWORD = 'p4ss-word-of-the-broker';

describe.skipIf(!requirement('mosquitto').met)('the link to a broker', () => {
  let opened: AsyncDisposableStack;
  beforeEach(() => {
    opened = new AsyncDisposableStack();
  });
  afterEach(() => opened.disposeAsync());

  function link(broker: Broker) {
    const log = recordedLog();
    const made = opened.use(
      new BrokerLink({
        broker,
        clientId: 'link',
        availability: 'link/available',
        greet: async () => undefined,
        onMessage: () => undefined,
        clock: systemClock,
        log,
      }),
    );
    made.start();
    return { link: made, log };
  }

  const said = (log: ReturnType<typeof recordedLog>) => JSON.stringify(log.lines);

  describe.each([5, 4] as const)('over version %i', (version) => {
    it('is let in by user name and password', async () => {
      const mosquitto = opened.use(await Mosquitto.start({ users: { ada: PASSWORD } }));
      const { link: one } = link(plainBroker(mosquitto.port, { version, username: 'ada', password: PASSWORD }));
      await expect(one.connection(NEVER)).resolves.toBeDefined();
    });

    it.each([
      ['a wrong password', { username: 'ada', password: `${PASSWORD}x` }, /refused the user name or password/],
      ['no password', {}, /refused a client without user name/],
    ])('says so where it is refused for %s, and never the password', async (_, credentials, message) => {
      const mosquitto = opened.use(await Mosquitto.start({ users: { ada: PASSWORD } }));
      const { link: one, log } = link(plainBroker(mosquitto.port, { version, ...credentials }));
      const refused = await one.connection(NEVER).catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: 'MQTT_AUTH_FAILED', message: expect.stringMatching(message) });
      expect(said(log)).toContain('MQTT_AUTH_FAILED');
      const { message: text, stack, cause, details } = refused as Error & { details?: unknown };
      expect(`${said(log)}${text}${stack}${JSON.stringify([cause, details])}`).not.toContain(PASSWORD);
    });

    it('speaks TLS to a broker whose authority was named, and to no other', async () => {
      const tls = selfSigned();
      const mosquitto = opened.use(await Mosquitto.start({ tls }));
      const at = (host: string, ca: string | undefined, insecure = false) =>
        link({ ...plainBroker(mosquitto.port, { version }), host, tls: { ca, insecure } });
      await expect(at('localhost', tls.cert).link.connection(NEVER)).resolves.toBeDefined();
      await expect(at('localhost', undefined, true).link.connection(NEVER)).resolves.toBeDefined();
      for (const [host, ca] of [
        ['localhost', undefined],
        ['localhost', selfSigned().cert],
        // The certificate names another host.
        ['127.0.0.1', tls.cert],
      ] as const) {
        await expect(at(host, ca).link.connection(NEVER)).rejects.toMatchObject({ code: 'MQTT_TLS_FAILED' });
      }
    });
  });

  it('says what nobody answers, or answers something else', async () => {
    await expect(link(plainBroker(1)).link.connection(NEVER)).rejects.toMatchObject({
      code: 'MQTT_CONNECTION_FAILED',
      message: expect.stringContaining('mqtt://127.0.0.1:1'),
    });
    const mosquitto = opened.use(await Mosquitto.start({ tls: selfSigned() }));
    const plain = await link(plainBroker(mosquitto.port))
      .link.connection(NEVER)
      .catch((error: unknown) => error);
    expect(plain).toMatchObject({ code: 'MQTT_CONNECTION_FAILED' });
  });

  it('says what may be the matter where another client uses its id, and says it once', async () => {
    const mosquitto = opened.use(await Mosquitto.start());
    const { link: one, log } = link(plainBroker(mosquitto.port));
    await one.connection(NEVER);
    // Each pushes the other out, and comes back.
    opened.use(await MqttListener.connect(mosquitto.port, '', { clientId: 'link', reconnectPeriod: 50 }));
    const hints = () => log.lines.filter(({ message }) => message.includes('another client may use the same clientId'));
    await eventually('a line that says so', () => hints().length > 0);
    await eventually('two more connections', () => one.connections >= 6);
    expect(hints()).toHaveLength(1);
  });

  it('says the same trouble once, however long it lasts', async () => {
    const { link: one, log } = link(plainBroker(1));
    await expect(one.connection(NEVER)).rejects.toThrow();
    await expect(one.connection(NEVER)).rejects.toThrow();
    expect(log.lines).toHaveLength(1);
  });

  it('has the broker say that it is gone when it was killed', async () => {
    const mosquitto = opened.use(await Mosquitto.start());
    const listener = opened.use(await MqttListener.connect(mosquitto.port, 'killed/#'));
    const program = fileURLToPath(new URL('../../support/mortal-mqtt-sink.ts', import.meta.url));
    const child = spawn(process.execPath, [program, String(mosquitto.port)], { stdio: 'inherit' });
    opened.defer(() => void child.kill('SIGKILL'));
    await listener.hears('killed/available', 'online');
    await listener.hears('killed/frigate/available', 'online');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await listener.hears('killed/available', 'offline');
    await listener.hears('killed/frigate/available', 'offline');
    const late = opened.use(await MqttListener.connect(mosquitto.port, 'killed/#'));
    expect(await late.hears('killed/available')).toMatchObject({ payload: 'offline', retain: true });
  });
});
