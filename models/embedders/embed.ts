import type { Landmarks } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { EmbedderEntry } from '../catalog.ts';
import type { NetworkInput, Session } from '../inference/session.ts';
import { type InputChannels, inputChannels } from '../input-channels.ts';
import { align } from './align.ts';
import { TEMPLATES } from './templates.ts';
import { unitVector } from './unit-vector.ts';
import { warpSquare } from './warp.ts';

export interface EmbeddedFace {
  /** L2 norm 1; null where the network's answer has no direction (zeros, or not numbers). */
  readonly vector: Float32Array | null;
  /** Of the network's answer before normalising; not a number where a value is none. */
  readonly norm: number;
}

/** Aligned crop → embedding, as the embedder's catalog entry says. Calls must not overlap: the input tensor is reused. */
export class FaceEmbedder {
  readonly entry: EmbedderEntry;
  readonly #session: Session;
  readonly #channels: InputChannels;
  readonly #input: NetworkInput;

  constructor(session: Session, entry: EmbedderEntry) {
    this.entry = entry;
    this.#session = session;
    this.#channels = inputChannels(entry.input);
    const side = entry.embedding.cropSize;
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
    const outputs = await this.#session.run(this.#input);
    return unitVector(outputs[this.entry.outputs.embedding]!);
  }
}
