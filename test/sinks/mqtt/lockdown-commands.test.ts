import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { Mosquitto } from '../../support/mosquitto.ts';
import { MqttListener } from '../../support/mqtt-listener.ts';
import { DoorsByHand, mqttSink, plainBroker } from '../../support/mqtt-surroundings.ts';
import { requirement } from '../../support/requirements.ts';

const SET = 'facegate/doors/lobby/lockdown/set';
const STATE = 'facegate/doors/lobby/lockdown';

describe.skipIf(!requirement('mosquitto').met)('the lock-down switch over MQTT', () => {
  it.each([5, 4] as const)('locks down and releases, and says so back, over version %i', async (version) => {
    await using broker = await Mosquitto.start();
    await using listener = await MqttListener.connect(broker.port, 'facegate/#');
    const { sink, doors } = mqttSink(broker.port, { commands: true, broker: plainBroker(broker.port, { version }) });
    await listener.hears('facegate/available', 'online');
    await listener.say(SET, 'ON');
    await listener.hears(STATE, 'ON');
    // Once more is passed on as well: the doors know whether it is on disk, and say nothing where nothing changes.
    await listener.say(SET, 'ON');
    await listener.say(SET, 'OFF');
    await eventually('released', () => listener.on(STATE).at(-1)?.payload === 'OFF');
    expect(doors.orders).toEqual([
      'lock lobby by mqtt:mqtt: MQTT',
      'lock lobby by mqtt:mqtt: MQTT',
      'release lobby by mqtt:mqtt: MQTT',
    ]);
    expect(sink.stats()).toMatchObject({ commands: 3, commandsIgnored: 0 });
    await sink.close();
  });

  it('does nothing where commands are not allowed', async () => {
    await using broker = await Mosquitto.start();
    await using listener = await MqttListener.connect(broker.port, 'facegate/#');
    const { sink, doors, cameras } = mqttSink(broker.port);
    await listener.hears('facegate/available', 'online');
    await listener.say(SET, 'ON');
    // What is said afterwards has come back, so this would have been heard.
    cameras.set('front', 'failed');
    await listener.hears('facegate/cameras/front/online', 'offline');
    expect(doors.orders).toEqual([]);
    expect(sink.stats()).not.toHaveProperty('commands');
    await sink.close();
  });

  it.each([5, 4] as const)('passes over a command that the broker keeps, over version %i', async (version) => {
    await using broker = await Mosquitto.start();
    await using listener = await MqttListener.connect(broker.port, 'facegate/#');
    await listener.say(SET, 'ON', { retain: true });
    const { sink, doors } = mqttSink(broker.port, { commands: true, broker: plainBroker(broker.port, { version }) });
    await listener.hears('facegate/available', 'online');
    // MQTT 5 shows it of one that comes as it is said, too.
    if (version === 5) {
      await listener.say(SET, 'ON', { retain: true });
      await eventually('it was counted', () => sink.stats().commandsIgnored === 1);
    } else await eventually('it was counted', () => sink.stats().commandsIgnored === 1);
    expect(doors.orders).toEqual([]);
    await sink.close();
  });

  it('counts what is malformed, and never passes it on or into the log', async () => {
    await using broker = await Mosquitto.start();
    await using listener = await MqttListener.connect(broker.port, 'facegate/#');
    const { sink, doors, log } = mqttSink(broker.port, { commands: true });
    await listener.hears('facegate/available', 'online');
    const malformed = ['', 'on', 'true', '1', 'ON ', '{"state":"ON"}', 'x'.repeat(100_000), '\0', '‮ON'];
    for (const payload of malformed) await listener.say(SET, payload);
    await listener.say('facegate/doors/other/lockdown/set', 'ON');
    await eventually('all counted', () => sink.stats().commandsIgnored === malformed.length + 1);
    expect(doors.orders).toEqual([]);
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    expect(JSON.stringify(log.lines)).not.toContain('xxx');
    await sink.close();
  });

  it('goes on where the doors cannot keep the switch, and is not about doors of others', async () => {
    await using broker = await Mosquitto.start();
    await using listener = await MqttListener.connect(broker.port, 'facegate/#');
    const doors = new DoorsByHand('lobby', 'vault');
    const { sink, log } = mqttSink(broker.port, { commands: true, doors, doorIds: ['lobby'] });
    await listener.hears('facegate/available', 'online');
    await listener.say('facegate/doors/vault/lockdown/set', 'ON');
    doors.broken = true;
    await listener.say(SET, 'ON');
    await eventually('both were counted', () => sink.stats().commandsIgnored === 2);
    expect(log.lines.map(({ message }) => message).join()).toContain('could not be set over MQTT: the disk is full');
    doors.broken = false;
    await listener.say(SET, 'ON');
    await listener.hears(STATE, 'ON');
    expect(doors.orders).toEqual(['lock lobby by mqtt:mqtt: MQTT']);
    expect(listener.heard.filter(({ topic, payload }) => topic.includes('vault') && payload !== 'ON')).toEqual([]);
    await sink.close();
  });
});
