import type { Frame } from '../pipeline/frame.ts';
import type { PooledBuffer } from './frame-pool.ts';

/** All of a frame but its pixels. */
export type FrameFacts = Omit<Frame, 'format' | 'data' | 'retain' | 'release'>;

/** A frame whose pixels go back to the source's pool with the last reference. */
export function pooledFrame(facts: FrameFacts, pixels: PooledBuffer): Frame {
  return {
    ...facts,
    format: 'rgb24',
    data: pixels.bytes,
    retain: () => pixels.retain(),
    release: () => {
      if (pixels.release()) facts.trace?.end();
    },
  };
}
