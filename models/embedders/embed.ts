import type { Landmarks } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { EmbedderEntry } from '../catalog.ts';
import { writeCrop } from '../crop-sheet.ts';
import type { NetworkInput, NetworkOutputs, Session } from '../inference/session.ts';
import { type InputChannels, inputChannels } from '../input-channels.ts';
import { align } from './align.ts';
import { type CropAppearance, cropAppearance } from './crop-appearance.ts';
import { mirrorCrop } from './mirror-crop.ts';
import { TEMPLATES } from './templates.ts';
import { unitVector } from './unit-vector.ts';
import { warpSquare } from './warp.ts';

export interface EmbeddedFace {
  /** L2 norm 1; null where the network's answer has no direction (zeros, or not numbers). */
  readonly vector: Float32Array | null;
  /** Of the network's answer before normalising; not a number where a value is none. */
  readonly norm: number;
  /**
   * What the entry's calibration maps to quality: the norm, or RTS's score, exp(logVariance), of which more is worse.
   * Not a number where the network gave none.
   */
  readonly signal: number;
  /** How the face looks in the crop. */
  readonly appearance: CropAppearance;
}

export interface FaceEmbedderOptions {
  /**
   * Embed the mirror image as well; the direction is that of the mean of both answers, norm and signal are those of the
   * face as it is. Default false.
   */
  readonly flip?: boolean;
}

/** Aligned crop → embedding, as the embedder's catalog entry says. Calls must not overlap: the input tensor is reused. */
export class FaceEmbedder {
  readonly entry: EmbedderEntry;
  readonly #session: Session;
  readonly #channels: InputChannels;
  readonly #input: NetworkInput;
  readonly #side: number;
  readonly #flip: boolean;

  constructor(session: Session, entry: EmbedderEntry, { flip = false }: FaceEmbedderOptions = {}) {
    this.entry = entry;
    this.#session = session;
    this.#channels = inputChannels(entry.input);
    const side = entry.embedding.cropSize;
    this.#side = side;
    this.#flip = flip;
    this.#input = session.input([1, 3, side, side]);
  }

  /**
   * @param image not retained.
   * @throws {AppError} ALIGN_DEGENERATE when the landmarks do not span a face.
   */
  async embed(image: PixelImage, landmarks: Landmarks): Promise<EmbeddedFace> {
    const { cropSize, alignment } = this.entry.embedding;
    const toPicture = align(landmarks, TEMPLATES[alignment], cropSize);
    warpSquare(image, toPicture, cropSize, this.#channels, this.#input.data);
    return this.#run();
  }

  /** @param crop what `alignedCrop` cut in another process. */
  async embedCrop(crop: Uint8Array): Promise<EmbeddedFace> {
    writeCrop(crop, this.#channels, this.#input.data);
    return this.#run();
  }

  async #run(): Promise<EmbeddedFace> {
    const { data } = this.#input;
    const appearance = cropAppearance(data, this.#side, this.#channels, TEMPLATES[this.entry.embedding.alignment]);
    const face = embeddedFace(this.entry, await this.#session.run(this.#input));
    if (!this.#flip) return { ...face, appearance };
    mirrorCrop(data, this.#side);
    const mirrored = embeddedFace(this.entry, await this.#session.run(this.#input));
    return { ...face, vector: meanDirection(face, mirrored), appearance };
  }
}

/** What the network said of one crop. */
type NetworkAnswer = Pick<EmbeddedFace, 'vector' | 'norm' | 'signal'>;

/** Reads the answer for one face, as the entry's contract says. */
export function embeddedFace(entry: EmbedderEntry, outputs: NetworkOutputs): NetworkAnswer {
  const { embedding, logVariance } = entry.outputs;
  const { width } = entry.embedding;
  // The contract was checked when the network was loaded: one output has that width.
  const values = outputs[embedding ?? ''] ?? Object.values(outputs).find(({ length }) => length === width);
  const { vector, norm } = unitVector(values!);
  if (entry.calibration.quality.signal === 'norm') return { vector, norm, signal: norm };
  const logarithm = logVariance === undefined ? undefined : outputs[logVariance]?.[0];
  return { vector, norm, signal: Math.exp(logarithm ?? Number.NaN) };
}

/** The direction of the mean of two answers as they were before normalising. */
function meanDirection(a: NetworkAnswer, b: NetworkAnswer): Float32Array | null {
  if (!a.vector || !b.vector) return null;
  const other = b.vector;
  return unitVector(a.vector.map((value, i) => value * a.norm + other[i]! * b.norm)).vector;
}
