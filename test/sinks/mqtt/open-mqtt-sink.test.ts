import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MqttSettings } from '../../../config/sink-settings.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { openMqttSink } from '../../../sinks/mqtt/open-mqtt-sink.ts';
import { accessEvent } from '../../support/access-event.ts';
import { eventually } from '../../support/eventually.ts';
import { Mosquitto } from '../../support/mosquitto.ts';
import { MqttListener } from '../../support/mqtt-listener.ts';
import { CamerasByHand, DoorsByHand } from '../../support/mqtt-surroundings.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { requirement } from '../../support/requirements.ts';
import { selfSigned } from '../../support/self-signed.ts';

const SETTINGS: MqttSettings = {
  type: 'mqtt',
  id: 'mqtt',
  url: 'mqtt://localhost',
  version: 5,
  insecure: false,
  topic: 'facegate',
  names: true,
  homeAssistant: false,
  frigate: false,
  commands: false,
};

describe('openMqttSink', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'facegate-mqtt-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function open(fields: Partial<MqttSettings> = {}, dataDir = folder) {
    return openMqttSink(
      { ...SETTINGS, ...fields },
      {
        dataDir,
        cameras: new CamerasByHand('front'),
        doors: new DoorsByHand('lobby'),
        version: '1.2.3',
        clock: systemClock,
        log: recordedLog(),
      },
    );
  }

  it('says which sink and file it is about where the authority cannot be read', () => {
    const missing = join(folder, 'missing.pem');
    expect(() => open({ url: 'mqtts://x', ca: missing })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(missing) }),
    );
    const empty = join(folder, 'empty.pem');
    writeFileSync(empty, 'no certificate');
    expect(() => open({ id: 'site', url: 'mqtts://x', ca: empty })).toThrow(/sink "site".*holds no certificate/);
  });

  describe.skipIf(!requirement('mosquitto').met)('at a broker', () => {
    it('does nothing before it is started, or when it is started after its end', async () => {
      await using broker = await Mosquitto.start();
      const sink = open({ url: `mqtt://127.0.0.1:${broker.port}` });
      expect(sink.stats()).toMatchObject({ broker: 'idle', connections: 0 });
      await sink.close();
      sink.start();
      expect(sink.stats()).toMatchObject({ broker: 'closed' });
      expect(broker.said).not.toContain('as facegate');
    });

    it('is the same client after a restart, and another one in another data folder', async () => {
      const tls = selfSigned();
      const ca = join(folder, 'ca.pem');
      writeFileSync(ca, tls.cert);
      await using broker = await Mosquitto.start({ tls, users: { ada: 'Secret Word' } });
      const login = { url: `mqtts://localhost:${broker.port}`, ca, username: 'ada', password: 'Secret Word' };
      for (const dataDir of [folder, folder, join(folder, 'other')]) {
        const sink = open(login, dataDir);
        sink.start();
        await sink.deliver([accessEvent()], new AbortController().signal);
        await sink.close();
      }
      const named = open({ ...login, clientId: 'gate-7', frigate: { prefix: 'nvr' }, homeAssistant: true });
      named.start();
      await eventually('both are there', () => named.stats().broker === 'online' && named.stats().frigate === 'online');
      await named.close();
      const clients = [...broker.said.matchAll(/connected from \S+ as (\S+)/g)].map(([, id]) => id);
      expect(clients[0]).toMatch(/^facegate[0-9a-f]{15}$/);
      expect(clients[1]).toBe(clients[0]);
      expect(clients[2]).not.toBe(clients[0]);
      expect(clients.slice(3).sort()).toEqual(['gate-7', 'gate-7-f']);
    });

    it('takes the prefixes that were chosen, or the usual ones', async () => {
      await using broker = await Mosquitto.start();
      await using listener = await MqttListener.connect(broker.port, '#');
      const url = `mqtt://127.0.0.1:${broker.port}`;
      const usual = open({ url, homeAssistant: true, frigate: true });
      usual.start();
      await listener.hears('homeassistant/device/facegate_camera_front/config');
      await listener.hears('frigate/available', 'online');
      await usual.close();
      const chosen = open({ url, topic: 'a/b', homeAssistant: { prefix: 'ha' }, frigate: { prefix: 'nvr' } });
      chosen.start();
      await listener.hears('ha/device/facegate-a_2f_b_door_lobby/config');
      await listener.hears('nvr/available', 'online');
      await listener.hears('a/b/available', 'online');
      await chosen.close();
    });
  });
});
