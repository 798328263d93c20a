/**
 * From the moment that a frame was due at the camera's server to the moment that it was seen, milliseconds.
 *
 * The film repeats after `periodFrames`, so a latency of a whole period looks like none; that is many seconds.
 *
 * @param zeroMs when the film's first picture was due, on the clock of `atMs`.
 */
export function frameLatencyMs(o: {
  atMs: number;
  zeroMs: number;
  number: number;
  periodFrames: number;
  filmFps: number;
}): number {
  const periodMs = (1000 * o.periodFrames) / o.filmFps;
  const sinceDue = o.atMs - o.zeroMs - (1000 * o.number) / o.filmFps;
  return sinceDue - Math.floor(sinceDue / periodMs) * periodMs;
}
