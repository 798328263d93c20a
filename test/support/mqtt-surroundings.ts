import { Subject } from 'rxjs';
import { AppError } from '../../config/app-error.ts';
import type { CameraState } from '../../pipeline/camera-status.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import type { Broker } from '../../sinks/mqtt/broker.ts';
import { MqttSink, type MqttSinkOptions } from '../../sinks/mqtt/mqtt-sink.ts';
import type { CameraNow, CamerasNow, DoorNow, DoorsNow } from '../../sinks/mqtt/surroundings.ts';
import { recordedLog } from './recorded-log.ts';

/** Cameras as an MQTT sink sees them, set by hand. */
export class CamerasByHand implements CamerasNow {
  readonly changes = new Subject<void>();
  #views: CameraNow[];

  constructor(...ids: string[]) {
    this.#views = ids.map((id) => ({ id, name: `The ${id}`, state: 'running' }));
  }

  views(): readonly CameraNow[] {
    return this.#views;
  }

  set(id: string, state: CameraState): void {
    this.#views = this.#views.map((one) => (one.id === id ? { ...one, state } : one));
    this.changes.next();
  }

  remove(id: string): void {
    this.#views = this.#views.filter((one) => one.id !== id);
    this.changes.next();
  }
}

/** Doors with a switch and nothing else; `orders` is what they were told. */
export class DoorsByHand implements DoorsNow {
  readonly changes = new Subject<void>();
  readonly orders: string[] = [];
  /** The switch cannot be kept. */
  broken = false;
  #views: DoorNow[];

  constructor(...ids: string[]) {
    this.#views = ids.map((id) => ({ id, name: `The ${id}`, lockdown: null }));
  }

  views(): readonly DoorNow[] {
    return this.#views;
  }

  lockDown(id: string, { by, reason }: { by: string; reason: string | null }): void {
    if (this.broken) throw new AppError('INTERNAL', 'the disk is full');
    this.orders.push(`lock ${id} by ${by}: ${reason}`);
    this.#set(id, { by, reason });
  }

  release(id: string, { by, reason }: { by: string; reason: string | null }): void {
    this.orders.push(`release ${id} by ${by}: ${reason}`);
    this.#set(id, null);
  }

  remove(id: string): void {
    this.#views = this.#views.filter((one) => one.id !== id);
    this.changes.next();
  }

  #set(id: string, lockdown: object | null): void {
    this.#views = this.#views.map((one) => (one.id === id ? { ...one, lockdown } : one));
    this.changes.next();
  }
}

export function plainBroker(port: number, fields: Partial<Broker> = {}): Broker {
  return { host: '127.0.0.1', port, tls: null, version: 5, username: undefined, password: undefined, ...fields };
}

/** A real sink at a real broker, with one camera `front` and one door `lobby`. */
export function mqttSink(port: number, fields: Partial<MqttSinkOptions> = {}) {
  const cameras = new CamerasByHand('front');
  const doors = new DoorsByHand('lobby');
  const log = recordedLog();
  const sink = new MqttSink({
    id: 'mqtt',
    broker: plainBroker(port),
    clientId: 'facegate-test',
    topic: 'facegate',
    names: true,
    homeAssistant: null,
    frigate: null,
    commands: false,
    cameras,
    doors,
    version: '1.2.3',
    clock: systemClock,
    log,
    ...fields,
  });
  sink.start();
  return { sink, cameras, doors, log };
}
