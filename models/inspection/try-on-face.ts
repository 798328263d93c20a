import { AppError } from '../../config/app-error.ts';
import { DETECTOR_PRESETS } from '../../config/presets.ts';
import type { Detection, Landmarks } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { DetectorEntry } from '../catalog.ts';
import type { FaceDetector } from '../detectors/face-detector.ts';
import type { FaceEmbedder } from '../embedders/embed.ts';
import { expectTask } from '../expect-task.ts';
import { NetworkOpener } from '../inference/network-opener.ts';
import type { PlacedNetwork } from '../inference/networks.ts';
import { openEmbedder, openScorerNetworks } from '../inference/open-crop-networks.ts';
import { openDetector } from '../inference/open-detector.ts';
import type { ResolvedModel } from '../store.ts';
import type { FaceTrial, HelpingDetector, InspectRequest } from './inspect-messages.ts';

/** Longest side of a detector's input here, pixels. */
const INPUT_SIZE = 640;

/**
 * Does with a model what it is for, on a picture with a face. A detector must find one, an embedder must answer with a
 * vector that knows the face in the mirror better than something else, a scorer with a number.
 *
 * @throws {AppError} what loading it throws; MODEL_CONTRACT_MISMATCH where it does not do its work; FACE_NOT_FOUND where
 * the detector that helps finds no face in the picture.
 */
export async function tryOnFace(request: Extract<InspectRequest, { type: 'face' }>): Promise<FaceTrial> {
  const { model, helper, picture } = request;
  const opener = new NetworkOpener();
  switch (model.entry.task) {
    case 'detector': {
      const faces = await detect(await detectorOf({ detector: model, landmarks: null }, opener), model.entry, picture);
      const [best] = faces;
      if (!best) fail(model, 'a face to be found in the picture', 'none');
      const sure = best.confidence.toFixed(2);
      return { found: `found ${faces.length === 1 ? 'one face' : `${faces.length} faces`}, the surest with ${sure}` };
    }
    case 'embedder': {
      // The model first: what is wrong with it is to be heard, not what is wrong with the helper.
      const embedder = await openEmbedder(placed(model), opener);
      return tryEmbedder(model, embedder, picture, await helperFor(model, helper, opener));
    }
    case 'scorer': {
      const scorer = await openScorerNetworks([placed(model)], opener);
      const faces = await (await helperFor(model, helper, opener))(picture);
      const scores = await scorer.score(picture, faces.slice(0, 1));
      const [score] = scores;
      if (score === undefined || !Number.isFinite(score)) fail(model, 'a number for a face', `${score}`);
      return { found: `gave a face ${score.toFixed(3)}` };
    }
    case 'landmarks':
      throw new AppError('MODEL_CONTRACT_MISMATCH', `${model.entry.name} is built by facegate; it cannot be brought`);
  }
}

async function tryEmbedder(
  model: ResolvedModel,
  embedder: FaceEmbedder,
  picture: PixelImage,
  find: (picture: PixelImage) => Promise<Detection[]>,
): Promise<FaceTrial> {
  const faces = await find(picture);
  const vectorOf = async (image: PixelImage, landmarks: Landmarks) => {
    const { vector, norm } = await embedder.embed(image, landmarks);
    if (!vector) fail(model, 'a vector of numbers that are not all zero', `one of length ${norm}`);
    return vector;
  };
  const face = faces[0]!;
  const itself = await vectorOf(picture, face.landmarks);
  const mirrored = await vectorOf(mirror(picture), mirrorLandmarks(face.landmarks, picture.width));
  const other = faces[1]?.landmarks ?? elsewhere(face.landmarks, picture);
  const unlike = await vectorOf(picture, other);
  const [alike, away] = [cosine(itself, mirrored), cosine(itself, unlike)];
  const than = faces[1] ? 'another face' : 'a piece of the picture without a face';
  if (!(alike > away)) {
    const got = `${alike.toFixed(3)} against ${away.toFixed(3)}`;
    fail(model, `a face to be more like itself in the mirror than like ${than}`, `${got} (cosine)`);
  }
  return {
    found: `found a face like its mirror image by ${alike.toFixed(2)}, like ${than} by ${away.toFixed(2)} (cosine)`,
  };
}

/** A finder of faces, best first, that throws where there is none. */
async function helperFor(
  model: ResolvedModel,
  helper: HelpingDetector | null,
  opener: NetworkOpener,
): Promise<(picture: PixelImage) => Promise<Detection[]>> {
  if (!helper) throw new Error(`a detector is needed to try ${model.entry.name}`);
  const entry = expectTask(helper.detector.entry, 'detector');
  const detector = await detectorOf(helper, opener);
  return async (picture) => {
    const faces = await detect(detector, entry, picture);
    if (faces.length > 0) return faces;
    throw new AppError(
      'FACE_NOT_FOUND',
      `${entry.name} finds no face in the picture that ${model.entry.name} is tried on`,
    );
  };
}

function detectorOf({ detector, landmarks }: HelpingDetector, opener: NetworkOpener): Promise<FaceDetector> {
  const networks = { detector: placed(detector), landmarks: landmarks && placed(landmarks), inputSize: INPUT_SIZE };
  return openDetector(networks, opener);
}

function detect(detector: FaceDetector, { presets }: DetectorEntry, picture: PixelImage): Promise<Detection[]> {
  const { nms } = DETECTOR_PRESETS.default;
  return detector.detect(picture, { confidence: presets.default, nms, maxFaces: 20 });
}

function placed(model: ResolvedModel): PlacedNetwork {
  return { model, providers: ['cpu'] };
}

function mirror({ width, height, data, format }: PixelImage): PixelImage {
  const mirrored = new Uint8Array(data.length);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const from = 3 * (y * width + x);
      const to = 3 * (y * width + width - 1 - x);
      mirrored.set(data.subarray(from, from + 3), to);
    }
  }
  return { width, height, format, data: mirrored };
}

/** In the mirror the eye on the right is the one on the left. */
function mirrorLandmarks(face: Landmarks, width: number): Landmarks {
  const flip = ([x, y]: Landmarks['nose']): Landmarks['nose'] => [width - 1 - x, y];
  return {
    leftEye: flip(face.rightEye),
    rightEye: flip(face.leftEye),
    nose: flip(face.nose),
    mouthLeft: flip(face.mouthRight),
    mouthRight: flip(face.mouthLeft),
  };
}

/** The same five points in the corner of the picture that is farthest from the face, upside down. */
function elsewhere(face: Landmarks, { width, height }: PixelImage): Landmarks {
  const dx = face.nose[0] < width / 2 ? width : 0;
  const dy = face.nose[1] < height / 2 ? height : 0;
  const move = ([x, y]: Landmarks['nose']): Landmarks['nose'] => [dx - (x - face.nose[0]), dy - (y - face.nose[1])];
  return {
    leftEye: move(face.leftEye),
    rightEye: move(face.rightEye),
    nose: move(face.nose),
    mouthLeft: move(face.mouthLeft),
    mouthRight: move(face.mouthRight),
  };
}

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, at) => sum + value * b[at]!, 0);
}

function fail(model: ResolvedModel, expected: string, got: string): never {
  throw new AppError('MODEL_CONTRACT_MISMATCH', `${model.entry.name}: expected ${expected}, got ${got}`);
}
