import { AppError } from '../../config/app-error.ts';
import type { Landmarks } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { EmbedderEntry } from '../catalog.ts';
import { writeCrop } from '../crop-sheet.ts';
import { batchRuns, outputsOf } from '../inference/batch-runs.ts';
import type { StageLaps } from '../inference/stage-laps.ts';
import { type InputChannels, inputChannels } from '../input-channels.ts';
import type { NetworkInput, NetworkOutputs, Session } from '../runtime/session.ts';
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
  /** Faces that go into one run: ascending, from 1. Default: one. */
  readonly batchSizes?: readonly number[];
}

/** A face to embed, and the picture that it is in. */
export interface FaceToEmbed {
  readonly image: PixelImage;
  readonly landmarks: Landmarks;
}

/** Puts an aligned crop into its place in the network's input. */
type WriteCrop = (out: Float32Array) => void;

/** Aligned crop → embedding, as the embedder's catalog entry says. Calls must not overlap: the input tensor is reused. */
export class FaceEmbedder {
  readonly entry: EmbedderEntry;
  readonly #session: Session;
  readonly #channels: InputChannels;
  readonly #side: number;
  readonly #flip: boolean;
  readonly #batchSizes: readonly number[];
  /** By size of the batch. */
  readonly #inputs = new Map<number, NetworkInput>();

  constructor(session: Session, entry: EmbedderEntry, { flip = false, batchSizes = [1] }: FaceEmbedderOptions = {}) {
    this.entry = entry;
    this.#session = session;
    this.#channels = inputChannels(entry.input);
    this.#side = entry.embedding.cropSize;
    this.#flip = flip;
    this.#batchSizes = batchSizes;
  }

  /**
   * @param image not retained.
   * @throws {AppError} ALIGN_DEGENERATE when the landmarks do not span a face.
   */
  async embed(image: PixelImage, landmarks: Landmarks): Promise<EmbeddedFace> {
    return (await this.#run([this.#warp({ image, landmarks })]))[0]!;
  }

  /**
   * The same for several, also of different pictures, in as few runs as they fit.
   *
   * @param laps told of `align` (the crop is cut, and looked at) and `embed`.
   * @returns for each face, in order; null where its landmarks do not span a face.
   */
  async embedAll(faces: readonly FaceToEmbed[], laps?: StageLaps): Promise<(EmbeddedFace | null)[]> {
    const embedded: (EmbeddedFace | null)[] = faces.map(() => null);
    const shaped = faces.flatMap((face, index) => {
      try {
        return [{ index, write: this.#warp(face) }];
      } catch (error) {
        // One face without a shape must not cost the others their answer.
        if (error instanceof AppError && error.code === 'ALIGN_DEGENERATE') return [];
        throw error;
      }
    });
    const answers = await this.#run(
      shaped.map(({ write }) => write),
      laps,
    );
    for (const [at, { index }] of shaped.entries()) embedded[index] = answers[at]!;
    return embedded;
  }

  /** @param crops what `alignedCrop` cut in another process. */
  embedCrops(crops: readonly Uint8Array[]): Promise<EmbeddedFace[]> {
    return this.#run(crops.map((crop) => (out) => writeCrop(crop, this.#channels, out)));
  }

  #warp({ image, landmarks }: FaceToEmbed): WriteCrop {
    const { cropSize, alignment } = this.entry.embedding;
    const toPicture = align(landmarks, TEMPLATES[alignment], cropSize);
    return (out) => warpSquare(image, toPicture, cropSize, this.#channels, out);
  }

  async #run(writers: readonly WriteCrop[], laps?: StageLaps): Promise<EmbeddedFace[]> {
    const template = TEMPLATES[this.entry.embedding.alignment];
    const length = 3 * this.#side * this.#side;
    const faces: EmbeddedFace[] = [];
    for (const { from, size } of batchRuns(writers.length, this.#batchSizes)) {
      const input = this.#inputFor(size);
      const crops = Array.from({ length: size }, (_, i) => input.data.subarray(i * length, (i + 1) * length));
      for (const [i, crop] of crops.entries()) writers[from + i]!(crop);
      const looks = crops.map((crop) => cropAppearance(crop, this.#side, this.#channels, template));
      laps?.lap('align');
      let answers = await this.#ask(input, size);
      if (this.#flip) {
        for (const crop of crops) mirrorCrop(crop, this.#side);
        const mirrored = await this.#ask(input, size);
        answers = answers.map((face, i) => ({ ...face, vector: meanDirection(face, mirrored[i]!) }));
      }
      faces.push(...answers.map((answer, i) => ({ ...answer, appearance: looks[i]! })));
      laps?.lap('embed');
    }
    return faces;
  }

  async #ask(input: NetworkInput, size: number): Promise<NetworkAnswer[]> {
    const outputs = await this.#session.run(input);
    return Array.from({ length: size }, (_, i) => embeddedFace(this.entry, outputsOf(outputs, i, size)));
  }

  #inputFor(size: number): NetworkInput {
    let input = this.#inputs.get(size);
    if (!input) {
      input = this.#session.input([size, 3, this.#side, this.#side]);
      this.#inputs.set(size, input);
    }
    return input;
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
