import { AppError } from '../../config/app-error.ts';
import type { DetectorEntry, StarterDetectorEntry } from '../catalog.ts';
import type { FaceDetector } from '../detectors/face-detector.ts';
import { letterbox } from '../detectors/letterbox.ts';
import { RetinaFaceDetector } from '../detectors/retinaface.ts';
import { ScrfdDetector } from '../detectors/scrfd.ts';
import { StarterLandmarks } from '../detectors/starter-landmarks.ts';
import { StarterSsdDetector } from '../detectors/starter-ssd.ts';
import { YuNetDetector } from '../detectors/yunet.ts';
import { expectTask, type NetworkOpener } from './network-opener.ts';
import type { PlacedNetwork } from './networks.ts';

/** The shapes of nearly every camera: a first frame must not pay for the runtime's planning. */
const WARM_UP_PICTURES = [
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
}

/** @throws {AppError} the MODEL codes. */
export async function openDetector(networks: DetectorNetworks, opener: NetworkOpener): Promise<FaceDetector> {
  const { detector, inputSize } = networks;
  const entry = expectTask(detector.model.entry, 'detector');
  if (entry.family === 'starter-ssd') return openStarterDetector(networks, entry, opener);
  const session = await opener.open('detector', detector, warmUpShapes(entry, inputSize));
  switch (entry.family) {
    case 'retinaface':
      return new RetinaFaceDetector(session, entry, inputSize);
    case 'yunet':
      return new YuNetDetector(session, entry, inputSize);
    case 'scrfd':
      return new ScrfdDetector(session, entry, inputSize);
  }
}

async function openStarterDetector(
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

function warmUpShapes(entry: DetectorEntry, inputSize: number): number[][] {
  if (entry.input.size) return [[1, 3, entry.input.size[1], entry.input.size[0]]];
  const shapes = WARM_UP_PICTURES.map((picture) => letterbox(picture, inputSize).canvas);
  return shapes.map(({ width, height }) => [1, 3, height, width]);
}
