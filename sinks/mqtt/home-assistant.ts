import { EVENT_TYPES } from '../../config/event-types.ts';
import type { CameraNow, DoorNow } from './surroundings.ts';
import type { Topics } from './topics.ts';

export interface HomeAssistantOptions {
  /** Home Assistant's discovery prefix; `homeassistant` unless somebody changed it there. */
  readonly prefix: string;
  readonly topics: Topics;
  /** Whether the lock-down switch may be thrown over MQTT. */
  readonly commands: boolean;
  /** Of facegate. */
  readonly version: string;
}

/** Home Assistant says here that it has started, and wants to be told of everything again. */
export function homeAssistantStatus(prefix: string): string {
  return `${prefix}/status`;
}

/** Where devices are announced, for finding those that are no more. */
export function deviceConfigFilter(prefix: string): string {
  return `${prefix}/device/+/config`;
}

/**
 * Device discovery (home-assistant.io/integrations/mqtt, "Device discovery payload"; the shape was read off the schemas in
 * homeassistant/components/mqtt): topic → payload, retained, one for each camera and door. Names of people never stand in it.
 */
export function discovery(
  cameras: readonly CameraNow[],
  doors: readonly DoorNow[],
  options: HomeAssistantOptions,
): Map<string, string> {
  return new Map([
    ...cameras.map((camera) => announce('camera', camera, cameraComponents(camera, options), options)),
    ...doors.map((door) => announce('door', door, doorComponents(door, options), options)),
  ]);
}

/** Which camera or door of ours is announced there; null for devices of others. */
export function announcedAt(
  topic: string,
  { prefix, topics }: Pick<HomeAssistantOptions, 'prefix' | 'topics'>,
): { kind: 'cameras' | 'doors'; id: string } | null {
  const start = `${prefix}/device/${nodeOf(topics)}_`;
  if (!topic.startsWith(start) || !topic.endsWith('/config')) return null;
  const [, kind, id] = /^(camera|door)_([a-z0-9][a-z0-9_-]*)$/.exec(topic.slice(start.length, -'/config'.length)) ?? [];
  return kind && id ? { kind: kind === 'camera' ? 'cameras' : 'doors', id } : null;
}

type Component = Readonly<Record<string, unknown>> & { readonly p: string };

/**
 * Discovery topics take letters, digits, `_` and `-` only; every other character becomes its code, so that no two sinks meet,
 * and none takes another's device for one of its own.
 */
function nodeOf({ prefix }: Topics): string {
  const plain = prefix.replace(/[^a-zA-Z0-9-]/g, (other) => `_${other.codePointAt(0)!.toString(16)}_`);
  return plain === 'facegate' ? plain : `facegate-${plain}`;
}

function announce(
  kind: 'camera' | 'door',
  { id, name }: { id: string; name: string },
  components: Readonly<Record<string, Component>>,
  { prefix, topics, version }: HomeAssistantOptions,
): [string, string] {
  const object = `${nodeOf(topics)}_${kind}_${id}`;
  const config = {
    dev: {
      ids: [object],
      name: kind === 'camera' ? `${name} (camera)` : name,
      mf: 'facegate',
      mdl: kind === 'camera' ? 'Camera' : 'Door',
      sw: version,
    },
    o: { name: 'facegate', sw: version },
    avty: [{ topic: topics.available }],
    qos: 1,
    cmps: Object.fromEntries(
      Object.entries(components).map(([key, component]) => [
        key,
        // An entry with a platform alone takes away what an earlier version announced under that key.
        Object.keys(component).length === 1 ? component : { ...component, unique_id: `${object}_${key}` },
      ]),
    ),
  };
  return [`${prefix}/device/${object}/config`, JSON.stringify(config)];
}

function cameraComponents({ id }: CameraNow, { topics }: HomeAssistantOptions): Record<string, Component> {
  return {
    person: lastPerson(topics.camera(id, 'person')),
    event: lastEvent(topics.eventsOfCamera(id), (type) => !type.startsWith('door.')),
    online: {
      p: 'binary_sensor',
      name: 'Online',
      device_class: 'connectivity',
      entity_category: 'diagnostic',
      state_topic: topics.camera(id, 'online'),
      payload_on: 'online',
      payload_off: 'offline',
    },
  };
}

function doorComponents({ id }: DoorNow, { topics, commands }: HomeAssistantOptions): Record<string, Component> {
  const answer = topics.door(id, 'answer');
  const lockdown = {
    name: 'Lock-down',
    icon: 'mdi:door-closed-lock',
    state_topic: topics.door(id, 'lockdown'),
    payload_on: 'ON',
    payload_off: 'OFF',
  };
  return {
    person: lastPerson(topics.door(id, 'person')),
    event: lastEvent(topics.eventsOfDoor(id), (type) => type.startsWith('access.') || type.startsWith('door.')),
    answer: {
      p: 'sensor',
      name: 'Last answer',
      icon: 'mdi:door',
      device_class: 'enum',
      options: ['granted', 'denied'],
      state_topic: answer,
      value_template: '{{ value_json.answer }}',
      json_attributes_topic: answer,
    },
    // One of the two; the other one is taken away, should `commands` have been different before.
    lockdown_switch: commands
      ? { p: 'switch', ...lockdown, command_topic: topics.lockdownCommand(id), optimistic: false, retain: false }
      : { p: 'switch' },
    lockdown: commands ? { p: 'binary_sensor' } : { p: 'binary_sensor', ...lockdown },
  };
}

function lastPerson(topic: string): Component {
  return {
    p: 'sensor',
    name: 'Last person',
    icon: 'mdi:account',
    state_topic: topic,
    // A state has at most 255 characters.
    value_template: '{{ value_json.person[:255] }}',
    json_attributes_topic: topic,
  };
}

/** What is a replay makes no event there: an empty answer of the template is passed over. */
function lastEvent(topic: string, makes: (type: string) => boolean): Component {
  return {
    p: 'event',
    name: 'Last event',
    icon: 'mdi:account-eye',
    state_topic: topic,
    event_types: EVENT_TYPES.filter(makes),
    value_template:
      '{% if not value_json.replay %}{{ {"event_type": value_json.type, ' +
      '"person": value_json.subject.name if value_json.subject else none, "door": value_json.door, ' +
      '"camera": value_json.camera, "reason": value_json.reason, "at": value_json.decidedAt, ' +
      '"expires_at": value_json.expiresAt, "sequence": value_json.sequence} | to_json }}{% endif %}',
  };
}
