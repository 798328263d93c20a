import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { EVENT_TYPES } from '../../../config/event-types.ts';
import { announcedAt, discovery, type HomeAssistantOptions } from '../../../sinks/mqtt/home-assistant.ts';
import { Topics } from '../../../sinks/mqtt/topics.ts';
import { accessEvent, grant } from '../../support/access-event.ts';
import { eventually } from '../../support/eventually.ts';
import { Mosquitto } from '../../support/mosquitto.ts';
import { MqttListener } from '../../support/mqtt-listener.ts';
import { mqttSink } from '../../support/mqtt-surroundings.ts';
import { requirement } from '../../support/requirements.ts';

const NEVER = new AbortController().signal;
const CAMERAS = [{ id: 'front', name: 'Front', state: 'running' }] as const;
const DOORS = [{ id: 'lobby', name: 'Lobby', lockdown: null }];

type Component = Record<string, unknown> & { p: string };
interface Config {
  dev: { ids: string[]; name: string };
  o: { name: string };
  avty: { topic: string }[];
  qos: number;
  cmps: Record<string, Component>;
}

/** Must be there, by platform: home-assistant.io/integrations/{sensor,binary_sensor,event,switch}.mqtt, "required: true". */
const REQUIRED: Record<string, readonly string[]> = {
  sensor: ['state_topic'],
  binary_sensor: ['state_topic'],
  event: ['state_topic', 'event_types'],
  switch: ['command_topic'],
};
/** May be there; Home Assistant drops what it does not know, so that a word that is written wrong would go unnoticed. */
const KNOWN: Record<string, readonly string[]> = {
  sensor: ['device_class', 'options', 'value_template', 'json_attributes_topic'],
  binary_sensor: ['device_class', 'entity_category', 'payload_on', 'payload_off'],
  event: ['value_template'],
  switch: ['state_topic', 'payload_on', 'payload_off', 'optimistic', 'retain'],
};
const KNOWN_ALWAYS = ['p', 'name', 'icon', 'unique_id'];

function configs(fields: Partial<HomeAssistantOptions> = {}) {
  const options = {
    prefix: 'homeassistant',
    topics: new Topics('facegate'),
    commands: false,
    version: '1.2.3',
    ...fields,
  };
  const made = [...discovery(CAMERAS, DOORS, options)];
  return made.map(([topic, payload]) => ({ topic, config: JSON.parse(payload) as Config }));
}

const components = (config: Config) => Object.values(config.cmps).filter((one) => Object.keys(one).length > 1);

describe.each([false, true])('device discovery, with commands %s', (commands) => {
  const made = configs({ commands });

  it('is one retained payload for each camera and door, at a topic of the form that is listened to', () => {
    expect(made.map(({ topic }) => topic)).toEqual([
      'homeassistant/device/facegate_camera_front/config',
      'homeassistant/device/facegate_door_lobby/config',
    ]);
    for (const { topic } of made) expect(topic).toMatch(/^homeassistant\/device\/[a-zA-Z0-9_-]+\/config$/);
  });

  it('has what the whole payload needs: a device with an identifier, its origin by name, availability by topic', () => {
    for (const { config } of made) {
      expect(config.dev.ids[0]).toMatch(/^facegate_/);
      expect(config.o.name).toBe('facegate');
      expect(config.avty).toEqual([{ topic: 'facegate/available' }]);
      expect(Object.keys(config).sort()).toEqual(['avty', 'cmps', 'dev', 'o', 'qos']);
    }
  });

  it('has what every entity needs, a unique id, and no word that is not known', () => {
    const ids: unknown[] = [];
    for (const component of made.flatMap(({ config }) => components(config))) {
      expect(Object.keys(REQUIRED)).toContain(component.p);
      for (const field of REQUIRED[component.p]!) expect(component, component.p).toHaveProperty(field);
      const known = [...KNOWN_ALWAYS, ...REQUIRED[component.p]!, ...KNOWN[component.p]!];
      expect(known).toEqual(expect.arrayContaining(Object.keys(component)));
      ids.push(component.unique_id);
    }
    expect(ids).toHaveLength(7);
    expect(new Set(ids).size).toBe(7);
    expect(ids.every((id) => typeof id === 'string' && id !== '')).toBe(true);
  });

  it('offers the switch only where it may be thrown, and takes the other one away', () => {
    const { cmps } = made[1]!.config;
    const lockdown = { state_topic: 'facegate/doors/lobby/lockdown', payload_on: 'ON', payload_off: 'OFF' };
    if (commands) {
      expect(cmps.lockdown_switch).toMatchObject({ ...lockdown, command_topic: 'facegate/doors/lobby/lockdown/set' });
      expect(cmps.lockdown).toEqual({ p: 'binary_sensor' });
    } else {
      expect(cmps.lockdown).toMatchObject(lockdown);
      expect(cmps.lockdown_switch).toEqual({ p: 'switch' });
      expect(JSON.stringify(made)).not.toContain('command_topic');
    }
  });
});

describe('the event entities', () => {
  it('name every type that is published where they listen', () => {
    const [camera, door] = configs().map(({ config }) => config.cmps.event!);
    expect(camera!.state_topic).toBe('facegate/events/+/+/front');
    expect(door!.state_topic).toBe('facegate/events/+/lobby/+');
    const named = [...(camera!.event_types as string[]), ...(door!.event_types as string[])];
    expect([...new Set(named)].sort()).toEqual([...EVENT_TYPES].sort());
  });
});

function hasJinja(): boolean {
  try {
    execFileSync('python3', ['-c', 'import jinja2'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Home Assistant's templates are Jinja in a sandbox; `to_json` is a filter that it adds. */
function render(template: unknown, payload: string): string {
  const script =
    'import sys, json\nfrom jinja2.sandbox import ImmutableSandboxedEnvironment as E\n' +
    't, p = json.load(sys.stdin)\ne = E()\ne.filters["to_json"] = json.dumps\n' +
    'print(e.from_string(t).render(value=p, value_json=json.loads(p)), end="")';
  return execFileSync('python3', ['-c', script], { input: JSON.stringify([template, payload]), encoding: 'utf8' });
}

describe.skipIf(!hasJinja())('the templates, rendered by Jinja', () => {
  const [camera, door] = configs().map(({ config }) => config.cmps);

  it('make of an envelope what an event entity takes, and of a replay nothing', () => {
    const event = grant();
    const made = JSON.parse(render(door!.event!.value_template, JSON.stringify(event)));
    expect(made).toEqual({
      event_type: 'access.granted',
      person: 'Ada',
      door: 'lobby',
      camera: 'front',
      reason: null,
      at: event.decidedAt,
      expires_at: event.expiresAt,
      sequence: event.sequence,
    });
    expect(door!.event!.event_types).toContain(made.event_type);
    expect(render(door!.event!.value_template, JSON.stringify({ ...event, replay: true }))).toBe('');
    const nobody = render(camera!.event!.value_template, JSON.stringify(accessEvent({ subject: null })));
    expect(JSON.parse(nobody)).toMatchObject({ person: null });
  });

  it('make states of what is kept', () => {
    expect(render(camera!.person!.value_template, JSON.stringify({ person: 'Ada "the" Ünal', at: 'x' }))).toBe(
      'Ada "the" Ünal',
    );
    expect(render(camera!.person!.value_template, JSON.stringify({ person: 'A'.repeat(300) }))).toHaveLength(255);
    expect(render(door!.answer!.value_template, JSON.stringify({ answer: 'denied' }))).toBe('denied');
  });
});

describe('announcedAt', () => {
  const topics = new Topics('site/1');
  const [camera] = [...discovery(CAMERAS, DOORS, { prefix: 'ha', topics, commands: false, version: '1' }).keys()];

  it.each(['facegate', 'a', 'a/b', 'camera', 'camera_front', 'facegate/door', 'facegate_camera'])(
    'takes no device of another sink for its own: %s',
    (other) => {
      const theirs = { prefix: 'ha', topics: new Topics(other), commands: false, version: '1' };
      for (const own of ['facegate', 'a', 'camera', 'facegate_camera'].filter((one) => one !== other)) {
        for (const topic of discovery(CAMERAS, DOORS, theirs).keys()) {
          expect(announcedAt(topic, { prefix: 'ha', topics: new Topics(own) })).toBeNull();
        }
      }
    },
  );

  it('finds its own again', () => {
    expect(announcedAt(camera!, { prefix: 'ha', topics })).toEqual({ kind: 'cameras', id: 'front' });
  });

  it.each([
    'ha/device/lamp/config',
    'ha/device/facegate_camera_front/config',
    'ha/device/facegate-site_1_camera_front/config',
    'other/device/facegate-site_2f_1_camera_front/config',
    'ha/device/facegate-site_2f_1_2f_camera_door_front/config',
  ])('leaves %s alone', (topic) => expect(announcedAt(topic, { prefix: 'ha', topics })).toBeNull());
});

describe.skipIf(!requirement('mosquitto').met)('an MQTT sink with Home Assistant', () => {
  it('announces before it is online, again when Home Assistant starts, and takes back what is gone', async () => {
    await using broker = await Mosquitto.start();
    await using listener = await MqttListener.connect(broker.port, '#');
    const { sink, cameras, doors } = mqttSink(broker.port, { homeAssistant: 'homeassistant' });
    const camera = 'homeassistant/device/facegate_camera_front/config';
    const door = 'homeassistant/device/facegate_door_lobby/config';
    await listener.hears('facegate/available', 'online');
    expect(listener.heard.map(({ topic }) => topic).indexOf(camera)).toBeLessThan(
      listener.heard.findIndex(({ topic }) => topic === 'facegate/available'),
    );
    await sink.deliver([accessEvent()], NEVER);
    expect(listener.on(camera)).toHaveLength(1);

    await listener.say('homeassistant/status', 'offline');
    await listener.say('homeassistant/status', 'online');
    await eventually('both again', () => listener.on(camera).length === 2 && listener.on(door).length === 2);
    cameras.remove('front');
    await listener.hears(camera, '');
    doors.remove('lobby');
    await listener.hears(door, '');
    await sink.close();
    await using late = await MqttListener.connect(broker.port, 'homeassistant/#');
    await late.say('homeassistant/end', 'x');
    await late.hears('homeassistant/end');
    expect(late.heard).toHaveLength(1);
  });
});
