// A post-processing step of a tenant's own, as `steps:` takes them: from the first picture on it takes ever more memory.
import type { PixelImage } from '../../pipeline/pixel-image.ts';

const PIECE_BYTES = 64 * 2 ** 20;
/** More than any limit that it is tried with, and not all that a machine has. */
const MOST = 64;
const held: Buffer[] = [];

export default {
  name: 'grow',
  apply(image: PixelImage): PixelImage {
    setInterval(() => {
      // Filled: memory that nobody wrote to is not there.
      if (held.length < MOST) held.push(Buffer.alloc(PIECE_BYTES, 1));
    }, 20);
    return image;
  },
};
