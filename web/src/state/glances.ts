import { type Signal, signal } from '@preact/signals';
import type { Timings } from '../api/api-types.ts';
import type { LiveFrame, LiveMessage } from '../api/live-message.ts';

/** The newest drawn picture of a camera, for everything around the picture. */
export interface Glance {
  readonly frame: LiveFrame;
  readonly jpeg: Uint8Array<ArrayBuffer>;
  /** Wall-clock milliseconds at which it was drawn. */
  readonly drawnAtMs: number;
  /** Of the last frames, so that the numbers can be read. */
  readonly timings: Timings;
}

// Text that changes more often cannot be read.
const EVERY_MS = 250;
const WEIGHT = 0.2;

const glances = new Map<string, Signal<Glance | null>>();
const newest = new Map<string, Glance>();

export function glanceOf(camera: string): Signal<Glance | null> {
  let glance = glances.get(camera);
  if (!glance) {
    glance = signal(null);
    glances.set(camera, glance);
  }
  return glance;
}

/** Called with each message at the moment its picture was drawn. */
export function noteDrawn({ frame, jpeg }: LiveMessage): void {
  const before = newest.get(frame.camera);
  const drawnAtMs = Date.now();
  const glance = { frame, jpeg, drawnAtMs, timings: smooth(before?.timings, frame.timings) };
  newest.set(frame.camera, glance);
  const shown = glanceOf(frame.camera);
  const shownAtMs = shown.peek()?.drawnAtMs ?? 0;
  if (drawnAtMs - shownAtMs >= EVERY_MS) shown.value = glance;
}

function smooth(before: Timings | undefined, next: Timings): Timings {
  if (!before) return next;
  const mix = (stage: keyof Timings) => before[stage] + WEIGHT * (next[stage] - before[stage]);
  return {
    queue: mix('queue'),
    detect: mix('detect'),
    embed: mix('embed'),
    identify: mix('identify'),
    total: mix('total'),
  };
}
