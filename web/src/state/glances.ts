import { type Signal, signal } from '@preact/signals';
import type { Timings } from '../api/api-types.ts';
import type { LiveFrame, LiveMessage } from '../api/live-message.ts';

/** The newest picture of a camera that this page shows, for everything around the picture. */
export interface Glance {
  readonly frame: LiveFrame;
  /** The picture of `frame`; null where a video plays instead. */
  readonly jpeg: Uint8Array<ArrayBuffer> | null;
  /** Wall-clock milliseconds at which the newest picture was drawn; null where none was. */
  readonly drawnAtMs: number | null;
  /** Of the last frames, so that the numbers can be read. */
  readonly timings: Timings;
}

// Text that changes more often cannot be read.
const EVERY_MS = 250;
const WEIGHT = 0.2;
/** Frames without pictures that are remembered, for a picture of one of them that is asked for a moment later. */
const MOST_RECENT = 100;

interface Known {
  readonly shown: Signal<Glance | null>;
  newest: Glance | null;
  shownAtMs: number;
  recent: LiveFrame[];
}

const cameras = new Map<string, Known>();

function knownOf(camera: string): Known {
  let known = cameras.get(camera);
  if (!known) {
    known = { shown: signal(null), newest: null, shownAtMs: 0, recent: [] };
    cameras.set(camera, known);
  }
  return known;
}

export const glanceOf = (camera: string): Signal<Glance | null> => knownOf(camera).shown;

/** Called with each message at the moment its picture was drawn. */
export function noteDrawn({ frame, jpeg }: LiveMessage): void {
  note(frame, jpeg, Date.now());
}

/** Called with each frame whose boxes were drawn over a video. */
export function noteFaces(frame: LiveFrame): void {
  const known = knownOf(frame.camera);
  known.recent.push(frame);
  if (known.recent.length > MOST_RECENT) known.recent.shift();
  note(frame, null, known.newest?.drawnAtMs ?? null);
}

/** Called with each picture of a video that was drawn. */
export function notePicture(camera: string): void {
  const known = knownOf(camera);
  if (known.newest) show(known, { ...known.newest, drawnAtMs: Date.now() });
}

/** A frame that came without its picture; null where it is not remembered. */
export function recentFrame(camera: string, sequence: number): LiveFrame | null {
  return knownOf(camera).recent.find((frame) => frame.sequence === sequence) ?? null;
}

function note(frame: LiveFrame, jpeg: Glance['jpeg'], drawnAtMs: number | null): void {
  const known = knownOf(frame.camera);
  show(known, { frame, jpeg, drawnAtMs, timings: smooth(known.newest?.timings, frame.timings) });
}

function show(known: Known, glance: Glance): void {
  known.newest = glance;
  const nowMs = Date.now();
  if (nowMs - known.shownAtMs < EVERY_MS) return;
  known.shownAtMs = nowMs;
  known.shown.value = glance;
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
