import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MqttSinkOptions } from '../../../sinks/mqtt/mqtt-sink.ts';
import { accessEvent, grant } from '../../support/access-event.ts';
import { eventually } from '../../support/eventually.ts';
import { Mosquitto } from '../../support/mosquitto.ts';
import { MqttListener } from '../../support/mqtt-listener.ts';
import { mqttSink, plainBroker } from '../../support/mqtt-surroundings.ts';
import { requirement } from '../../support/requirements.ts';

const NEVER = new AbortController().signal;
let made = 0;

describe.skipIf(!requirement('mosquitto').met)('an MQTT sink', () => {
  let broker: Mosquitto;
  beforeAll(async () => {
    broker = await Mosquitto.start();
  });
  afterAll(() => broker[Symbol.asyncDispose]());

  /** A sink and a listener below a prefix of their own, so that what the broker keeps of one test is not seen in the next. */
  async function setUp(fields: Partial<MqttSinkOptions> = {}) {
    const topic = `site/${++made}`;
    const listener = await MqttListener.connect(broker.port, `${topic}/#`);
    const rig = mqttSink(broker.port, { topic, clientId: `facegate-${made}`, ...fields });
    return {
      ...rig,
      topic,
      listener,
      async [Symbol.asyncDispose]() {
        await rig.sink.close();
        await listener[Symbol.asyncDispose]();
      },
    };
  }

  describe.each([5, 4] as const)('over version %i of the protocol', (version) => {
    it('publishes the whole envelope below its type, door and camera, QoS 1, and retains none', async () => {
      await using rig = await setUp({ broker: plainBroker(broker.port, { version }) });
      const { sink, listener, topic } = rig;
      const pictured = grant(2000, { snapshotUrl: '/events/01900000-0000-7000-8000-000000000002/snapshot' });
      const fault = accessEvent({ type: 'system.fault', camera: null, reason: 'INTERNAL' });
      const events = [accessEvent(), pictured, fault];
      await sink.deliver(events, NEVER);
      const topics = ['person.seen/-/front', 'access.granted/lobby/front', 'system.fault/-/-'];
      for (const [i, event] of events.entries()) {
        const heard = await listener.hears(`${topic}/events/${topics[i]}`);
        expect(JSON.parse(heard.payload)).toEqual(event);
        expect(heard).toMatchObject({ qos: 1, retain: false });
      }
      await using late = await MqttListener.connect(broker.port, `${topic}/#`);
      await late.hears(`${topic}/available`, 'online');
      expect(late.heard.filter((message) => message.topic.includes('/events/'))).toEqual([]);
    });

    it('says that it is there, and at its end that it is not', async () => {
      await using rig = await setUp({ broker: plainBroker(broker.port, { version }) });
      const { sink, listener, topic } = rig;
      await listener.hears(`${topic}/available`, 'online');
      await Promise.all([sink.close(), sink.close()]);
      await listener.hears(`${topic}/available`, 'offline');
      await using late = await MqttListener.connect(broker.port, `${topic}/available`);
      expect(await late.hears(`${topic}/available`)).toMatchObject({ payload: 'offline', retain: true });
      await expect(sink.deliver([accessEvent()], NEVER)).rejects.toThrow();
    });
  });

  it('gives a grant the life that is left of it, in whole seconds, and everything else no end', async () => {
    await using rig = await setUp();
    const { sink, listener, topic } = rig;
    await sink.deliver([accessEvent(), grant(3500), grant(400), grant(-1)], NEVER);
    const grants = await eventually('three grants', () => {
      const heard = listener.on(`${topic}/events/access.granted/lobby/front`);
      return heard.length === 3 && heard;
    });
    expect(grants.map(({ expiresInS }) => expiresInS)).toEqual([3, 1, undefined]);
    expect(grants.map(({ payload }) => JSON.parse(payload).replay)).toEqual([false, false, true]);
    expect((await listener.hears(`${topic}/events/person.seen/-/front`)).expiresInS).toBeUndefined();
  });

  it('never lets a broker hand over a grant that expired while nobody fetched it', async () => {
    await using rig = await setUp();
    const { sink, topic } = rig;
    const session = { clientId: `door-${made}`, clean: false, properties: { sessionExpiryInterval: 3600 } };
    const door = await MqttListener.connect(broker.port, `${topic}/events/#`, session);
    await door.vanish();
    const seen = accessEvent();
    await sink.deliver([seen, grant(2000)], NEVER);
    // Brokers count whole seconds.
    await new Promise((resolve) => setTimeout(resolve, 4000));
    await using back = await MqttListener.connect(broker.port, '', session);
    expect(JSON.parse((await back.hears(`${topic}/events/person.seen/-/front`)).payload).id).toBe(seen.id);
    // Whatever was queued comes in order: this is behind it.
    await sink.deliver([accessEvent({ camera: 'yard' })], NEVER);
    await back.hears(`${topic}/events/person.seen/-/yard`);
    expect(back.heard.filter((message) => message.topic.includes('granted'))).toEqual([]);
  });

  it('tells of no grant as if it were now that waited for its turn until it was over, whatever the clock says', async () => {
    const times = { wallMs: Date.now(), monotonicMs: 0 };
    const clock = { wallMs: () => times.wallMs, monotonicMs: () => times.monotonicMs };
    await using rig = await setUp({ clock });
    const { sink, listener, topic } = rig;
    await listener.hears(`${topic}/available`, 'online');
    const others = Array.from({ length: 80 }, () => accessEvent({ door: null }));
    process.kill(broker.pid, 'SIGSTOP');
    try {
      // More than may be on their way at once, then the grant.
      const delivered = sink.deliver([...others, grant(1500)], NEVER);
      await new Promise((resolve) => setTimeout(resolve, 100));
      // Three seconds go by, and the clock is set back.
      times.monotonicMs += 3000;
      times.wallMs -= 60_000;
      process.kill(broker.pid, 'SIGCONT');
      await delivered;
    } finally {
      process.kill(broker.pid, 'SIGCONT');
    }
    const heard = await listener.hears(`${topic}/events/access.granted/lobby/front`);
    expect(JSON.parse(heard.payload).replay).toBe(true);
    await rig.sink.close();
    await listener.hears(`${topic}/available`, 'offline');
    expect(listener.on(`${topic}/doors/lobby/answer`)).toEqual([]);
  });

  it('keeps the state of cameras and doors at the broker, and of a grant nothing', async () => {
    await using rig = await setUp();
    const { sink, cameras, doors, listener, topic } = rig;
    await listener.hears(`${topic}/cameras/front/online`, 'online');
    await listener.hears(`${topic}/doors/lobby/lockdown`, 'OFF');
    cameras.set('front', 'reconnecting');
    await listener.hears(`${topic}/cameras/front/online`, 'offline');
    doors.lockDown('lobby', { by: 'test', reason: null });
    await listener.hears(`${topic}/doors/lobby/lockdown`, 'ON');

    const denied = accessEvent({ type: 'access.denied', door: 'lobby', reason: 'not_allowed' });
    const granted = grant();
    await sink.deliver([accessEvent(), denied], NEVER);
    await sink.deliver([granted], NEVER);
    const answers = await eventually('both answers', () => {
      const heard = listener.on(`${topic}/doors/lobby/answer`);
      return heard.length === 2 && heard;
    });
    expect(answers.map(({ payload }) => JSON.parse(payload))).toMatchObject([
      { answer: 'denied', reason: 'not_allowed', sequence: denied.sequence },
      { answer: 'granted', sequence: granted.sequence, expiresAt: granted.expiresAt },
    ]);
    expect(answers[1]!.expiresInS).toBe(1);

    await using late = await MqttListener.connect(broker.port, `${topic}/#`);
    await late.hears(`${topic}/doors/lobby/answer`);
    await late.hears(`${topic}/available`);
    expect(late.heard.every(({ retain }) => retain)).toBe(true);
    expect(late.heard.map((message) => message.topic.slice(topic.length + 1)).sort()).toEqual([
      'available',
      'cameras/front/last',
      'cameras/front/online',
      'cameras/front/person',
      'doors/lobby/answer',
      'doors/lobby/lockdown',
      'doors/lobby/person',
    ]);
    expect(JSON.stringify(late.heard)).not.toMatch(/granted|similarity|quality|0\.71/);
    expect(late.on(`${topic}/cameras/front/person`)[0]!.payload).toContain('"person":"Ada"');
  });

  it('keeps no name at the broker where names are not to be', async () => {
    await using rig = await setUp({ names: false });
    const { sink, topic } = rig;
    await sink.deliver([accessEvent(), accessEvent({ type: 'access.denied', door: 'lobby', reason: 'stale' })], NEVER);
    await using late = await MqttListener.connect(broker.port, `${topic}/#`);
    const { payload } = await late.hears(`${topic}/cameras/front/person`);
    await late.hears(`${topic}/doors/lobby/person`);
    expect(JSON.parse(payload)).toMatchObject({ person: 'known' });
    expect(JSON.stringify(late.heard)).not.toContain('Ada');
  });

  it('tells a broker that lost its memory everything again, and no grant as if it were now', async () => {
    await using other = await Mosquitto.start();
    const { sink } = mqttSink(other.port);
    await sink.deliver([accessEvent(), accessEvent({ type: 'access.denied', door: 'lobby', reason: 'spoof' })], NEVER);
    await sink.deliver([grant()], NEVER);
    await other.end('SIGKILL');
    await expect(sink.deliver([accessEvent()], NEVER)).rejects.toMatchObject({
      code: 'MQTT_CONNECTION_FAILED',
      details: { retryAfterMs: 250 },
    });
    expect(sink.stats()).toMatchObject({ connections: 1, inFlight: 0 });
    await other.start();
    await using listener = await MqttListener.connect(other.port, 'facegate/#');
    await listener.hears('facegate/available', 'online');
    await listener.hears('facegate/cameras/front/person');
    await listener.hears('facegate/doors/lobby/lockdown', 'OFF');
    // The refusal before the grant is not the door's last answer.
    expect(listener.on('facegate/doors/lobby/answer')).toEqual([]);
    expect(listener.heard.filter(({ payload }) => payload.includes('granted'))).toEqual([]);
    expect(sink.stats()).toMatchObject({ broker: 'online', trouble: null, connections: 2 });
    await sink.close();
  });

  it('has the broker forget a camera and a door that are gone', async () => {
    await using rig = await setUp();
    const { sink, cameras, doors, listener, topic } = rig;
    await sink.deliver([accessEvent(), accessEvent({ type: 'access.denied', door: 'lobby', reason: 'stale' })], NEVER);
    cameras.remove('front');
    doors.remove('lobby');
    for (const what of ['cameras/front/online', 'cameras/front/person', 'doors/lobby/lockdown', 'doors/lobby/answer']) {
      await listener.hears(`${topic}/${what}`, '');
    }
    // It may still be told of, without the broker keeping it.
    await sink.deliver([accessEvent({ type: 'person.left' })], NEVER);
    await using late = await MqttListener.connect(broker.port, `${topic}/#`);
    await late.hears(`${topic}/available`);
    expect(late.heard.map((message) => message.topic)).toEqual([`${topic}/available`]);
  });

  it('has the broker forget what went while it did not run, and nothing of others', async () => {
    await using rig = await setUp({ orphansAfterMs: 50, homeAssistant: `ha${made + 1}` });
    const { listener, topic, log } = rig;
    const ha = `ha${made}`;
    await using devices = await MqttListener.connect(broker.port, `${ha}/#`);
    const node = `facegate-site_2f_${made}`;
    const others = [`${topic}/cameras/front/note`, `${topic}x/cameras/gone/online`, `${ha}/device/lamp/config`];
    for (const kept of others) await listener.say(kept, 'x', { retain: true });
    const gone = [
      `${topic}/cameras/gone/online`,
      `${topic}/doors/gone/answer`,
      `${ha}/device/${node}_door_gone/config`,
    ];
    for (const kept of gone) await listener.say(kept, 'x', { retain: true });
    await listener.hears(gone[0]!, '');
    await listener.hears(gone[1]!, '');
    await devices.hears(gone[2]!, '');
    await eventually('a line in the log', () => log.lines.some(({ fields }) => fields.count === 3));
    for (const kept of others) {
      await using late = await MqttListener.connect(broker.port, kept);
      expect((await late.hears(kept)).payload).toBe('x');
    }
  });

  it('gives up a broker that takes the connection and then hangs', async () => {
    await using other = await Mosquitto.start();
    const { sink } = mqttSink(other.port);
    await sink.deliver([accessEvent()], NEVER);
    other.pause();
    await expect(sink.deliver([accessEvent()], NEVER)).rejects.toMatchObject({ code: 'MQTT_TIMEOUT' });
    other.resume();
    await sink.deliver([accessEvent()], NEVER);
    other.pause();
    const started = performance.now();
    await sink.close();
    expect(performance.now() - started).toBeLessThan(10_000);
    other.resume();
  });

  it('closes while the broker is not there, and while it is being connected to', async () => {
    const dead = mqttSink(1);
    const waiting = expect(dead.sink.deliver([accessEvent()], NEVER)).rejects.toMatchObject({
      code: 'MQTT_CONNECTION_FAILED',
    });
    await waiting;
    await Promise.all([dead.sink.close(), dead.sink.close()]);
    const early = mqttSink(broker.port, { clientId: 'early', topic: 'early' });
    await early.sink.close();
    expect(early.sink.stats()).toMatchObject({ broker: 'closed' });
  });

  it('stops delivering when it is told to', async () => {
    const { sink } = mqttSink(1);
    const abort = new AbortController();
    const delivering = sink.deliver([accessEvent()], abort.signal);
    abort.abort(new Error('enough'));
    await expect(delivering).rejects.toThrow('enough');
    await sink.close();
  });

  it('says what the broker refuses, and delivers nothing that it does not take', async () => {
    await using strict = await Mosquitto.start({ lines: ['acl_file /dev/null'] });
    const { sink, log } = mqttSink(strict.port);
    await expect(sink.deliver([accessEvent()], NEVER)).rejects.toMatchObject({ code: 'MQTT_REFUSED' });
    await sink.close();
    expect(log.lines.map(({ message }) => message).join('\n')).toMatch(/refused a message to facegate/);
  });

  it('delivers events to a broker where it may not speak to Home Assistant, and says that once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'facegate-acl-'));
    const acl = join(folder, 'acl');
    writeFileSync(acl, 'topic readwrite facegate/#\n');
    await using strict = await Mosquitto.start({ lines: [`acl_file ${acl}`] });
    const { sink, doors, log } = mqttSink(strict.port, { homeAssistant: 'homeassistant' });
    await using listener = await MqttListener.connect(strict.port, 'facegate/#');
    await sink.deliver([accessEvent()], NEVER);
    doors.lockDown('lobby', { by: 'test', reason: null });
    await listener.hears('facegate/doors/lobby/lockdown', 'ON');
    await listener.hears('facegate/available', 'online');
    const refused = log.lines.filter(({ fields }) => fields.code === 'MQTT_REFUSED').map(({ message }) => message);
    expect(refused.filter((message) => message.includes('device/facegate_camera_front'))).toHaveLength(1);
    expect(new Set(refused).size).toBe(refused.length);
    await sink.close();
    rmSync(folder, { recursive: true });
  });
});
