import type { Box, Landmarks, Point } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { StarterLandmarksEntry } from '../catalog.ts';
import { warpSquare } from '../embedders/warp.ts';
import { type InputChannels, inputChannels } from '../input-channels.ts';
import type { NetworkInput, Session } from '../runtime/session.ts';

/** Which of the 68 points (iBUG 300-W order) make up one of the five: an eye is the middle of its outline. */
const FIVE = {
  leftEye: [36, 37, 38, 39, 40, 41],
  rightEye: [42, 43, 44, 45, 46, 47],
  nose: [30],
  mouthLeft: [48],
  mouthRight: [54],
} as const;

/**
 * The starter set's 68 landmarks of one face. The network was trained on the box alone, centred in a black square.
 * Calls must not overlap: the input tensor is reused.
 */
export class StarterLandmarks {
  readonly #session: Session;
  readonly #entry: StarterLandmarksEntry;
  readonly #channels: InputChannels;
  readonly #input: NetworkInput;
  readonly #side: number;

  constructor(session: Session, entry: StarterLandmarksEntry) {
    this.#session = session;
    this.#entry = entry;
    this.#channels = inputChannels(entry.input);
    [this.#side] = entry.input.size ?? [112];
    this.#input = session.input([1, 3, this.#side, this.#side]);
  }

  /**
   * @param box inside the picture.
   * @returns null where the box holds no whole pixel, or the network's answer is not finite.
   */
  async locate(image: PixelImage, box: Box): Promise<Landmarks | null> {
    const face = cut(image, box);
    if (!face) return null;
    const { width, height } = face.picture;
    const square = Math.max(width, height);
    const [leftX, topY] = [(width - square) / 2, (height - square) / 2];
    const zoom = square / this.#side;
    const toCut = { a: zoom, b: 0, tx: leftX + zoom / 2 - 0.5, ty: topY + zoom / 2 - 0.5 };
    warpSquare(face.picture, toCut, this.#side, this.#channels, this.#input.data);
    const points = (await this.#session.run(this.#input))[this.#entry.outputs.landmarks]!;
    if (!points.every(Number.isFinite)) return null;
    const middle = (indices: readonly number[]): Point => {
      let [x, y] = [0, 0];
      for (const index of indices) {
        x += points[2 * index]! / indices.length;
        y += points[2 * index + 1]! / indices.length;
      }
      return [face.x + leftX + x * square, face.y + topY + y * square];
    };
    return {
      leftEye: middle(FIVE.leftEye),
      rightEye: middle(FIVE.rightEye),
      nose: middle(FIVE.nose),
      mouthLeft: middle(FIVE.mouthLeft),
      mouthRight: middle(FIVE.mouthRight),
    };
  }
}

/** The box's whole pixels as a picture of their own: what lies around it is black to the network. */
function cut(image: PixelImage, box: Box): { picture: PixelImage; x: number; y: number } | null {
  const x = Math.floor(box[0]);
  const y = Math.floor(box[1]);
  const width = Math.min(Math.floor(box[2] - box[0]), image.width - x);
  const height = Math.min(Math.floor(box[3] - box[1]), image.height - y);
  if (!(width > 0 && height > 0)) return null;
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * image.width + x) * 3;
    data.set(image.data.subarray(from, from + width * 3), row * width * 3);
  }
  return { picture: { width, height, format: 'rgb24', data }, x, y };
}
