import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { CatalogEntry } from '../catalog.ts';
import type { NetworkInput, Session } from '../inference/session.ts';
import { type InputChannels, inputChannels } from '../input-channels.ts';
import { type Letterbox, letterbox, type Size, squareLetterbox } from './letterbox.ts';
import { PlanarResize } from './planar-resize.ts';

/** Picture sizes whose resize tables are kept: cameras have few, requests bring any. */
const SIZES_KEPT = 8;

interface Path {
  readonly boxed: Letterbox;
  readonly resize: PlanarResize;
  readonly input: NetworkInput;
}

export interface LetterboxedInputOptions {
  /** Longest side of the network's input, pixels, a multiple of 32; without effect on a network of one fixed size. */
  readonly longestSide: number;
  /** Value of each plane outside the picture, after normalisation. */
  readonly padding: readonly [number, number, number];
  /** Networks of one fixed size: whether a smaller picture is enlarged to it. Default true. */
  readonly enlarge?: boolean;
}

/**
 * Puts pictures of any size, letterboxed and normalised as the catalog says, into a network's input. Tensors are reused:
 * what was written is valid until the next picture.
 */
export class LetterboxedInput {
  readonly #session: Pick<Session, 'input'>;
  readonly #size: CatalogEntry['input']['size'];
  readonly #options: LetterboxedInputOptions;
  readonly #channels: InputChannels;
  readonly #inputs = new Map<string, NetworkInput>();
  readonly #paths = new Map<string, Path>();

  /** @param input what the catalog says; its `size`, where it has one, is a square. */
  constructor(session: Pick<Session, 'input'>, input: CatalogEntry['input'], options: LetterboxedInputOptions) {
    this.#session = session;
    this.#size = input.size;
    this.#options = options;
    this.#channels = inputChannels(input);
  }

  write(image: PixelImage): { readonly boxed: Letterbox; readonly input: NetworkInput } {
    const path = this.#pathFor(image);
    path.resize.write(image.data, path.input.data);
    return path;
  }

  #pathFor(picture: Size): Path {
    const key = `${picture.width}x${picture.height}`;
    let path = this.#paths.get(key);
    if (path) {
      this.#paths.delete(key);
    } else {
      const boxed = this.#size
        ? squareLetterbox(picture, this.#size[0], this.#options.enlarge)
        : letterbox(picture, this.#options.longestSide);
      const size = { width: picture.width, height: picture.height };
      const resize = new PlanarResize(size, boxed, this.#channels, this.#options.padding);
      path = { boxed, resize, input: this.#inputFor(boxed.canvas) };
      if (this.#paths.size >= SIZES_KEPT) this.#paths.delete(this.#paths.keys().next().value!);
    }
    this.#paths.set(key, path);
    return path;
  }

  /** One tensor a canvas: there are at most 2 · longest side / 32 of them. */
  #inputFor(canvas: Size): NetworkInput {
    const key = `${canvas.width}x${canvas.height}`;
    const known = this.#inputs.get(key);
    if (known) return known;
    const input = this.#session.input([1, 3, canvas.height, canvas.width]);
    this.#inputs.set(key, input);
    return input;
  }
}
