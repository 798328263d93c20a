import { describe, expect, it } from 'vitest';
import { Frigate } from '../../../sinks/mqtt/frigate.ts';
import { accessEvent, grant } from '../../support/access-event.ts';
import { Mosquitto } from '../../support/mosquitto.ts';
import { MqttListener } from '../../support/mqtt-listener.ts';
import { mqttSink } from '../../support/mqtt-surroundings.ts';
import { requirement } from '../../support/requirements.ts';

describe('Frigate’s words', () => {
  const frigate = new Frigate('frigate');
  const face = (event: Parameters<Frigate['face']>[0]) => {
    const message = frigate.face(event);
    return message && { ...message, payload: JSON.parse(message.payload) };
  };

  it('say who was recognised', () => {
    const event = accessEvent();
    expect(face(event)).toEqual({
      topic: 'frigate/tracked_object_update',
      payload: {
        type: 'face',
        id: event.id,
        name: 'Ada',
        score: 0.71,
        camera: 'front',
        timestamp: Date.parse(event.capturedAt!) / 1000,
      },
      retain: false,
      expiresInS: null,
    });
  });

  it('say that a door saw somebody whom nobody knows', () => {
    const unknown = {
      type: 'access.denied',
      door: 'lobby',
      reason: 'unknown',
      subject: null,
      similarity: null,
    } as const;
    expect(face(accessEvent(unknown))!.payload).toMatchObject({ name: null, score: 0 });
    expect(face(accessEvent({ ...unknown, similarity: -0.2 }))!.payload.score).toBe(0);
  });

  it.each([
    ['a replay', accessEvent({ replay: true })],
    ['a grant, which the appearance went before', grant()],
    ['another refusal', accessEvent({ type: 'access.denied', door: 'lobby', reason: 'stale' })],
    ['what no camera saw', accessEvent({ camera: null })],
  ])('say nothing of %s', (_, event) => expect(face(event)).toBeNull());
});

describe.skipIf(!requirement('mosquitto').met)('an MQTT sink that speaks Frigate as well', () => {
  it('keeps a second availability, by a connection of its own', async () => {
    await using broker = await Mosquitto.start();
    await using listener = await MqttListener.connect(broker.port, '#');
    const { sink, cameras } = mqttSink(broker.port, { frigate: 'frigate' });
    const event = accessEvent();
    await sink.deliver([event], new AbortController().signal);
    expect(JSON.parse((await listener.hears('frigate/tracked_object_update')).payload).id).toBe(event.id);
    await listener.hears('frigate/available', 'online');
    await listener.hears('frigate/front/status/detect', 'online');
    cameras.set('front', 'failed');
    await listener.hears('frigate/front/status/detect', 'offline');
    cameras.remove('front');
    await listener.hears('frigate/front/status/detect', '');
    expect(sink.stats()).toMatchObject({ broker: 'online', frigate: 'online' });
    await sink.close();
    await listener.hears('frigate/available', 'offline');
    await listener.hears('facegate/available', 'offline');
  });
});
