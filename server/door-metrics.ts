import { Counter, Gauge, type Registry } from 'prom-client';
import type { DoorView } from '../access/door-view.ts';

/** What a door says of itself when the metrics are read. */
export type DoorReading = Pick<DoorView, 'id' | 'openNow' | 'lockdown' | 'stats'>;

/** The metrics that are asked of the doors at each reading. A door that is no more has none. */
export function doorMetrics(registers: Registry[], readings: () => readonly DoorReading[]): void {
  const gauge = (name: string, help: string, isSo: (reading: DoorReading) => boolean) =>
    new Gauge({
      name,
      help,
      labelNames: ['door'],
      registers,
      collect() {
        this.reset();
        for (const reading of readings()) this.set({ door: reading.id }, isSo(reading) ? 1 : 0);
      },
    });

  new Counter({
    name: 'facegate_door_answers_total',
    help: 'Answers of the door.',
    labelNames: ['door', 'answer'],
    registers,
    collect() {
      this.reset();
      for (const { id, stats } of readings()) {
        this.inc({ door: id, answer: 'granted' }, stats.granted);
        this.inc({ door: id, answer: 'denied' }, stats.denied);
      }
    },
  });
  new Counter({
    name: 'facegate_door_pictures_left_out_total',
    help: 'Pictures with a face that the door could not rest a grant on, by why: stale, degraded, broken.',
    labelNames: ['door', 'reason'],
    registers,
    collect() {
      this.reset();
      for (const { id, stats } of readings()) {
        for (const reason of ['stale', 'degraded', 'broken'] as const) this.inc({ door: id, reason }, stats[reason]);
      }
    },
  });
  gauge('facegate_door_locked_down', '1 while the door is locked down.', ({ lockdown }) => lockdown !== null);
  gauge('facegate_door_open', "1 while the door's schedule lets people in; 1 without one.", ({ openNow }) => openNow);
}
