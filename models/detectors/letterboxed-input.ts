import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { CatalogEntry } from '../catalog.ts';
import { batchRuns } from '../inference/batch-runs.ts';
import { type InputChannels, inputChannels } from '../input-channels.ts';
import type { NetworkInput, Session } from '../runtime/session.ts';
import { type Letterbox, letterbox, type Size, squareLetterbox } from './letterbox.ts';
import { PlanarResize } from './planar-resize.ts';

/** Picture sizes whose resize tables are kept: cameras have few, requests bring any. */
const SIZES_KEPT = 8;

interface Path {
  readonly boxed: Letterbox;
  readonly resize: PlanarResize;
}

/** Shapes that a network's input may take, where they are not to be free. */
export interface InputShapes {
  /** Pictures are padded up to the smallest of these that holds them. Empty: to the next multiples of 32. */
  readonly canvases: readonly Size[];
  /** Pictures of one canvas that go into one run: ascending, from 1. */
  readonly batchSizes: readonly number[];
}

/** Any canvas, one picture a run. */
const FREE_SHAPES: InputShapes = { canvases: [], batchSizes: [1] };

/** Some of the pictures, in a network's input. */
export interface InputRun {
  readonly input: NetworkInput;
  readonly members: readonly { readonly picture: number; readonly boxed: Letterbox }[];
}

export interface LetterboxedInputOptions {
  /** Longest side of the network's input, pixels, a multiple of 32; without effect on a network of one fixed size. */
  readonly longestSide: number;
  /** Value of each plane outside the picture, after normalisation. */
  readonly padding: readonly [number, number, number];
  /** Networks of one fixed size: whether a smaller picture is enlarged to it. Default true. */
  readonly enlarge?: boolean;
  /** Default: any canvas, one picture a run. */
  readonly shapes?: InputShapes | undefined;
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

  /** Pictures that one run takes at most. */
  get most(): number {
    return (this.#options.shapes ?? FREE_SHAPES).batchSizes.at(-1) ?? 1;
  }

  write(image: PixelImage): { readonly boxed: Letterbox; readonly input: NetworkInput } {
    const { boxed, resize } = this.#pathFor(image);
    const input = this.#inputFor(boxed.canvas, 1);
    resize.write(image.data, input.data);
    return { boxed, input };
  }

  /** Pictures of one canvas together, as many as a run takes. A run must be over before the next one is asked for. */
  *runs(images: readonly PixelImage[]): Generator<InputRun> {
    const byCanvas = new Map<string, number[]>();
    for (const [i, image] of images.entries()) {
      const { canvas } = this.#pathFor(image).boxed;
      const key = `${canvas.width}x${canvas.height}`;
      byCanvas.set(key, [...(byCanvas.get(key) ?? []), i]);
    }
    const { batchSizes } = this.#options.shapes ?? FREE_SHAPES;
    for (const pictures of byCanvas.values()) {
      for (const { from, size } of batchRuns(pictures.length, batchSizes)) {
        const { canvas } = this.#pathFor(images[pictures[from]!]!).boxed;
        const input = this.#inputFor(canvas, size);
        const length = 3 * canvas.width * canvas.height;
        const members = pictures.slice(from, from + size).map((picture, at) => {
          const { boxed, resize } = this.#pathFor(images[picture]!);
          resize.write(images[picture]!.data, input.data.subarray(at * length, (at + 1) * length));
          return { picture, boxed };
        });
        yield { input, members };
      }
    }
  }

  #pathFor(picture: Size): Path {
    const key = `${picture.width}x${picture.height}`;
    let path = this.#paths.get(key);
    if (path) {
      this.#paths.delete(key);
    } else {
      const boxed = this.#boxed(picture);
      const size = { width: picture.width, height: picture.height };
      const resize = new PlanarResize(size, boxed, this.#channels, this.#options.padding);
      path = { boxed, resize };
      if (this.#paths.size >= SIZES_KEPT) this.#paths.delete(this.#paths.keys().next().value!);
    }
    this.#paths.set(key, path);
    return path;
  }

  #boxed(picture: Size): Letterbox {
    const { longestSide, enlarge, shapes = FREE_SHAPES } = this.#options;
    if (this.#size) return squareLetterbox(picture, this.#size[0], enlarge);
    const { canvas, content } = letterbox(picture, longestSide);
    const holding = shapes.canvases.filter(({ width, height }) => width >= canvas.width && height >= canvas.height);
    const area = ({ width, height }: Size) => width * height;
    const smallest = holding.sort((a, b) => area(a) - area(b))[0];
    return { canvas: smallest ?? canvas, content };
  }

  /** One tensor a canvas and size of batch: there are at most 2 · longest side / 32 canvases. */
  #inputFor(canvas: Size, size: number): NetworkInput {
    const key = `${size}x${canvas.width}x${canvas.height}`;
    const known = this.#inputs.get(key);
    if (known) return known;
    const input = this.#session.input([size, 3, canvas.height, canvas.width]);
    this.#inputs.set(key, input);
    return input;
  }
}
