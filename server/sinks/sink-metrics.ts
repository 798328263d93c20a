import { Counter, Gauge, type Registry } from 'prom-client';
import type { OutletState } from '../../sinks/event-outlet.ts';

/** What a sink says of itself when the metrics are read. */
export interface SinkReading {
  readonly id: string;
  readonly type: string;
  readonly state: OutletState;
  readonly behind: number;
  readonly delivered: unknown;
  readonly failures: unknown;
  /** Webhooks: events in the outbox, to be tried, and given up. */
  readonly waiting?: unknown;
  readonly dead?: unknown;
}

const STATES: readonly OutletState[] = ['delivering', 'waiting', 'disabled'];

/** The metrics that are asked of the sinks at each reading. */
export function sinkMetrics(registers: Registry[], readings: () => readonly SinkReading[]): void {
  const labelNames = ['sink', 'type'];
  const total = (name: string, help: string, value: (reading: SinkReading) => unknown) =>
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const reading of readings()) {
          const now = value(reading);
          if (typeof now === 'number') this.inc({ sink: reading.id, type: reading.type }, now);
        }
      },
    });
  const gauge = (name: string, help: string, value: (reading: SinkReading) => unknown) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const reading of readings()) {
          const now = value(reading);
          if (typeof now === 'number') this.set({ sink: reading.id, type: reading.type }, now);
        }
      },
    });

  total('facegate_sink_delivered_total', 'Events that the sink took.', ({ delivered }) => delivered);
  total('facegate_sink_failures_total', 'Attempts to deliver that failed.', ({ failures }) => failures);
  gauge(
    'facegate_sink_behind',
    'Numbers between the last event that the sink is done with and the newest one.',
    ({ behind }) => behind,
  );
  gauge(
    'facegate_sink_waiting',
    'Events in the outbox of a webhook that are still to be taken.',
    ({ waiting }) => waiting,
  );
  gauge('facegate_sink_dead', 'Events in the outbox of a webhook that were given up.', ({ dead }) => dead);
  new Gauge({
    name: 'facegate_sink_state',
    help: '1 for the state that the sink is in, 0 for the others.',
    labelNames: ['sink', 'state'],
    registers,
    collect() {
      this.reset();
      for (const { id, state } of readings()) {
        for (const each of STATES) this.set({ sink: id, state: each }, each === state ? 1 : 0);
      }
    },
  });
}
