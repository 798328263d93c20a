import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's young generation at its first size. ffmpeg's pixels come out of a pipe in buffers of 64 kB that are dead once
 * they are copied; V8 counts their bytes, but finds them only when the young generation is full, and until then answers
 * the growing count with full collections: 39 of them for 250 frames of 1280×720 (2.2 ms of the main thread a frame), and
 * 3 this way. The first flag has them found in time; it does not bound a heap that is there already, which the second one does. Called
 * before the rest of facegate is loaded, which fills 32 MB otherwise that are never given back: 20 MB less of the server's memory. A V8 that
 * does not know a flag says so on stderr and goes on without it.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--scavenger-max-new-space-capacity-mb=1');
  setFlagsFromString('--semi-space-growth-factor=1');
}
