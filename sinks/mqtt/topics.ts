/** The level where an event has no door or no camera; no id is written so. */
const NONE = '-';

/** Every topic of one sink, below the prefix that its settings name (docs/protocol.md, MQTT). */
export class Topics {
  readonly prefix: string;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** Retained `online` or `offline`: whether this facegate is connected to the broker. */
  get available(): string {
    return `${this.prefix}/available`;
  }

  event({ type, door, camera }: { type: string; door: string | null; camera: string | null }): string {
    return `${this.prefix}/events/${type}/${door ?? NONE}/${camera ?? NONE}`;
  }

  /** All events at a camera, whatever their type and door. */
  eventsOfCamera(camera: string): string {
    return `${this.prefix}/events/+/+/${camera}`;
  }

  eventsOfDoor(door: string): string {
    return `${this.prefix}/events/+/${door}/+`;
  }

  camera(id: string, what: 'online' | 'person' | 'last'): string {
    return `${this.prefix}/cameras/${id}/${what}`;
  }

  door(id: string, what: 'answer' | 'person' | 'lockdown'): string {
    return `${this.prefix}/doors/${id}/${what}`;
  }

  lockdownCommand(door: string): string {
    return `${this.door(door, 'lockdown')}/set`;
  }

  /** Of which camera or door a state topic is; null for every other topic. */
  ownerOf(topic: string): { kind: 'cameras' | 'doors'; id: string } | null {
    if (!topic.startsWith(`${this.prefix}/`)) return null;
    const [kind, id, what, ...more] = topic.slice(this.prefix.length + 1).split('/');
    if ((kind !== 'cameras' && kind !== 'doors') || !id || !what || more.length > 0) return null;
    return { kind, id };
  }
}
