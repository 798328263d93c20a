import { AppError } from '../../config/app-error.ts';
import type { DetectorEntry, StarterDetectorEntry } from '../catalog.ts';
import type { FaceDetector } from '../detectors/face-detector.ts';
import { letterbox, type Size } from '../detectors/letterbox.ts';
import type { InputShapes } from '../detectors/letterboxed-input.ts';
import { RetinaFaceDetector } from '../detectors/retinaface.ts';
import { ScrfdDetector } from '../detectors/scrfd.ts';
import { StarterLandmarks } from '../detectors/starter-landmarks.ts';
import { StarterSsdDetector } from '../detectors/starter-ssd.ts';
import { YuNetDetector } from '../detectors/yunet.ts';
import { expectTask } from '../expect-task.ts';
import type { Session } from '../runtime/session.ts';
import type { NetworkOpener } from './network-opener.ts';
import type { PlacedNetwork } from './networks.ts';
import { type GainsFromBatches, gainsFromBatches, probeBatches } from './probe-batches.ts';

/** Nearly every camera's: 16:9, 4:3, square. */
const USUAL_PICTURES = [
  { width: 1280, height: 720 },
  { width: 640, height: 480 },
  { width: 640, height: 640 },
];

export interface DetectorNetworks {
  readonly detector: PlacedNetwork;
  /** For detectors that give boxes only. */
  readonly landmarks: PlacedNetwork | null;
  /** Longest side of the network's input, pixels, a multiple of 32. */
  readonly inputSize: number;
  /** Pictures that may come at once. Default: one. */
  readonly most?: number | undefined;
  /** Default: whatever is no CPU. */
  readonly gains?: GainsFromBatches | undefined;
}

/** Loads a detector and runs it at every shape that it will be used with. @throws {AppError} the MODEL codes. */
export async function openDetector(networks: DetectorNetworks, opener: NetworkOpener): Promise<FaceDetector> {
  const { detector, inputSize } = networks;
  const entry = expectTask(detector.model.entry, 'detector');
  if (entry.family === 'starter-ssd') return openStarter(networks, entry, opener);
  const { width, height } = warmUpCanvases(entry, inputSize)[0]!;
  const session = await opener.open('detector', detector, [[1, 3, height, width]]);
  const shapes = await warmUp(session, entry, networks);
  return detectorOf(entry, session, inputSize, shapes);
}

function detectorOf(
  entry: Exclude<DetectorEntry, StarterDetectorEntry>,
  session: Session,
  inputSize: number,
  shapes: InputShapes,
): FaceDetector {
  switch (entry.family) {
    case 'retinaface':
      return new RetinaFaceDetector(session, entry, inputSize, shapes);
    case 'yunet':
      return new YuNetDetector(session, entry, inputSize, shapes);
    case 'scrfd':
      return new ScrfdDetector(session, entry, inputSize, shapes);
  }
}

/**
 * A first frame must not pay for the runtime's planning. On a CPU every canvas is as small as its picture, and others than
 * the usual ones are planned when they come. Elsewhere there are no others: a GPU's arena grows with every new shape, and
 * never shrinks.
 */
async function warmUp(
  session: Session,
  entry: DetectorEntry,
  { inputSize, most = 1, gains = gainsFromBatches }: DetectorNetworks,
): Promise<InputShapes> {
  const canvases = warmUpCanvases(entry, inputSize);
  const run = (size: number, { width, height }: Size) => session.run(session.input([size, 3, height, width]));
  if (!gains(session.provider)) {
    for (const canvas of canvases.slice(1)) await run(1, canvas);
    return { canvases: [], batchSizes: [1] };
  }
  const { width, height } = canvases[0]!;
  const batchSizes = await probeBatches(session, [1, 3, height, width], most, gains);
  const all = entry.input.size ? canvases : [...canvases, ...canvases.filter(isWide).map(turned)];
  for (const canvas of all) for (const size of batchSizes) await run(size, canvas);
  return { canvases: all, batchSizes };
}

const isWide = ({ width, height }: Size) => width !== height;
const turned = ({ width, height }: Size): Size => ({ width: height, height: width });

function warmUpCanvases(entry: DetectorEntry, inputSize: number): Size[] {
  const { size } = entry.input;
  if (size) return [{ width: size[0], height: size[1] }];
  return USUAL_PICTURES.map((picture) => letterbox(picture, inputSize).canvas);
}

async function openStarter(
  networks: DetectorNetworks,
  entry: StarterDetectorEntry,
  opener: NetworkOpener,
): Promise<FaceDetector> {
  if (!networks.landmarks) {
    throw new AppError(
      'MODEL_NOT_FOUND',
      `${entry.name} needs the landmarks network ${entry.landmarks}; none was given`,
    );
  }
  const landmarks = expectTask(networks.landmarks.model.entry, 'landmarks');
  const [width, height] = landmarks.input.size ?? [112, 112];
  const session = await opener.open('detector', networks.detector, [[1, 3, 512, 512]]);
  const pointer = await opener.open('landmarks', networks.landmarks, [[1, 3, height, width]]);
  return new StarterSsdDetector(session, entry, new StarterLandmarks(pointer, landmarks));
}
