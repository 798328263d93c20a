import { setTimeout as wait } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { type FrameCounts, frameCounts } from './soak-server.ts';

export interface CameraCounts extends FrameCounts {
  /** Why frames were not analysed, and how many each. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** By camera, since the tenant started. */
export type TenantCounts = ReadonlyMap<string, CameraCounts>;

/** Somebody who watches a tenant all the time, over two WebSockets that are never opened again. */
export class TenantWitness implements Disposable {
  readonly #address: string;
  readonly #sockets: readonly WebSocket[];
  /** Numbers of the frames that came, by camera. */
  readonly #frames = new Map<string, number[]>();
  readonly #events: number[] = [];
  #brokenOff = 0;
  #isOver = false;

  /** @param gateway `http://127.0.0.1:8080` */
  constructor(gateway: string, tenant: string) {
    this.#address = `${gateway}/${tenant}`;
    const socket = (path: string, take: (message: never) => void) => {
      const opened = new WebSocket(this.#address.replace('http', 'ws') + path);
      opened.on('message', (data) => take(JSON.parse(String(data)) as never));
      opened.on('error', () => {});
      opened.on('close', () => {
        if (!this.#isOver) this.#brokenOff += 1;
      });
      return opened;
    };
    this.#sockets = [
      socket('/ws/live?video=0', ({ type, camera, sequence }: { type: string; camera: string; sequence: number }) => {
        if (type !== 'frame') return;
        const numbers = this.#frames.get(camera) ?? [];
        this.#frames.set(camera, numbers);
        numbers.push(sequence);
      }),
      socket('/ws/events?since=0', ({ sequence }: { sequence: number }) => void this.#events.push(sequence)),
    ];
  }

  get brokenOff(): number {
    return this.#brokenOff;
  }

  /** Resolves when there were frames of two cameras, and an event. */
  async sees(withinMs: number, signal: AbortSignal): Promise<void> {
    for (const until = performance.now() + withinMs; this.#frames.size < 2 || this.#events.length === 0; ) {
      if (performance.now() > until) {
        throw new Error(`${this.#address}: frames of ${this.#frames.size} cameras, ${this.#events.length} events`);
      }
      await wait(100, undefined, { signal });
    }
  }

  /** How many came, and how many are missing between the first and the last one. */
  frames(camera: string): { count: number; missing: number } {
    return missingIn(this.#frames.get(camera) ?? []);
  }

  events(): { numbers: number; gaps: number } {
    const { count, missing } = missingIn(this.#events);
    return { numbers: count, gaps: missing };
  }

  async counts(): Promise<TenantCounts> {
    const response = await fetch(`${this.#address}/metrics`);
    const text = await response.text();
    if (!response.ok) throw new Error(`${this.#address}/metrics was answered ${response.status}: ${text}`);
    return tenantCounts(text);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    for (const socket of this.#sockets) socket.terminate();
  }
}

/** Of numbers that should follow each other; one that comes again or out of order counts as missing, too. */
export function missingIn(numbers: readonly number[]): { count: number; missing: number } {
  let missing = 0;
  for (let i = 1; i < numbers.length; i += 1) {
    const step = numbers[i]! - numbers[i - 1]!;
    missing += step >= 1 ? step - 1 : 1;
  }
  return { count: numbers.length, missing };
}

/** Out of the Prometheus text. */
export function tenantCounts(metrics: string): TenantCounts {
  const dropped = new Map<string, Record<string, number>>();
  const line = /^facegate_frames_dropped_total\{camera="([^"]+)",reason="(\w+)"[^}]*\} (\S+)$/gm;
  for (const [, camera, reason, value] of metrics.matchAll(line)) {
    dropped.set(camera!, { ...dropped.get(camera!), [reason!]: Number(value) });
  }
  const counts = [...frameCounts(metrics)];
  return new Map(counts.map(([camera, frames]) => [camera, { ...frames, dropped: dropped.get(camera) ?? {} }]));
}
