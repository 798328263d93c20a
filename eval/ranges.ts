import { readFileSync } from 'node:fs';
import { lastValueFrom } from 'rxjs';
import { map, toArray } from 'rxjs/operators';
import { cameraSchema, settingsSchema } from '../config/settings-schema.ts';
import type { EmbedderEntry } from '../models/catalog.ts';
import { LetterboxedInput } from '../models/detectors/letterboxed-input.ts';
import { align } from '../models/embedders/align.ts';
import { TEMPLATES } from '../models/embedders/templates.ts';
import { warpSquare } from '../models/embedders/warp.ts';
import { inputChannels } from '../models/input-channels.ts';
import { exposeValues, valuesToRound } from '../models/onnx/expose-values.ts';
import { makeRetinaFaceDynamic } from '../models/onnx/retinaface-dynamic.ts';
import { contractOf } from '../models/runtime/network-contract.ts';
import { type NetworkInput, Session } from '../models/runtime/session.ts';
import type { Landmarks } from '../pipeline/face.ts';
import type { PixelImage } from '../pipeline/pixel-image.ts';
import { silentLog } from '../pipeline/silent-log.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { createSource } from '../sources/create-source.ts';
import { findFfmpeg } from '../sources/ffmpeg/ffmpeg-binary.ts';
import { readPicture } from '../test/support/read-picture.ts';
import type { OpenedNetworks } from './open-networks.ts';
import { readPairs } from './read-pairs.ts';
import { halfOf } from './split-people.ts';

/** Every so many pictures of the calibration half, and every so many frames of the film. */
const EVERY_PICTURE = 5;
const EVERY_FRAME = 12;

/**
 * What comes behind the detector's backbone: three quarters of its arithmetic. Rounding the backbone as well saves no more time and
 * makes most of the error: landmarks moved seven times as far, and LFW lost a point.
 */
const BEHIND_BACKBONE = /^\/(fpn|ssh)/;

/** An entry of `models/int8-ranges.json`. */
export interface Int8Ranges {
  readonly name: string;
  readonly sha256: string;
  /** What was looked at. */
  readonly source: string;
  readonly ranges: Readonly<Record<string, readonly [least: number, most: number]>>;
}

/**
 * What the values of the usual networks hold on real pictures: the least and the most of each, between which 8-bit
 * arithmetic has 256 steps.
 *
 * @param folder as for `lfw`; of it the half of the people that nothing is reported on.
 * @param film another one than those that figures come from.
 */
export async function observeRanges(folder: string, film: string, networks: OpenedNetworks): Promise<Int8Ranges[]> {
  const { detector, embedder } = networks.models;
  const images = [...(await calibrationPictures(folder)), ...(await framesOf(film))];
  const crops: Float32Array[] = [];
  for (const image of images) {
    const { faces } = await networks.analyser.analyse(image, { want: 'detections' });
    for (const { landmarks } of faces) crops.push(cropOf(image, landmarks, networks.embedder));
  }
  const from = `LFW (calibration half) and ${film.split('/').at(-1)}`;
  return [
    await observed(detector, { source: `${images.length} pictures: ${from}`, worth: BEHIND_BACKBONE }, (session) => {
      const { inputSize: longestSide } = settingsSchema.parse({}).models.detector;
      const input = new LetterboxedInput(session, detector.entry.input, { longestSide, padding: [0, 0, 0] });
      return images.map((image) => () => input.write(image).input);
    }),
    await observed(embedder, { source: `${crops.length} faces: ${from}`, worth: /./ }, (session) => {
      const { cropSize } = networks.embedder.embedding;
      const input = session.input([1, 3, cropSize, cropSize]);
      return crops.map((crop) => () => {
        input.data.set(crop);
        return input;
      });
    }),
  ];
}

async function observed(
  { entry, path }: OpenedNetworks['models']['detector'],
  { source, worth }: { source: string; worth: RegExp },
  inputs: (session: Session) => readonly (() => NetworkInput)[],
): Promise<Int8Ranges> {
  const published = readFileSync(path);
  const bytes =
    'graphEdit' in entry && entry.graphEdit === 'retinaface-dynamic' ? makeRetinaFaceDynamic(published) : published;
  const names = valuesToRound(bytes, (value) => worth.test(value));
  const network = { name: entry.name, bytes: exposeValues(bytes, names), contract: contractOf(entry) };
  const [width, height] = entry.input.size ?? [640, 384];
  const session = await Session.openNetwork(network, { providers: ['cpu'], warmUp: [[1, 3, height, width]] });
  const ranges: Record<string, [number, number]> = Object.fromEntries(names.map((name) => [name, [0, 0]]));
  for (const written of inputs(session)) {
    const input = written();
    const values = await session.run(input);
    for (const name of names) widen(ranges[name]!, values[name] ?? input.data);
  }
  await session.close();
  return { name: entry.name, sha256: entry.sha256!, source, ranges };
}

function widen(range: [number, number], values: Float32Array): void {
  for (const value of values) {
    if (value < range[0]) range[0] = value;
    if (value > range[1]) range[1] = value;
  }
}

function cropOf(image: PixelImage, landmarks: Landmarks, { embedding, input }: EmbedderEntry): Float32Array {
  const { cropSize, alignment } = embedding;
  const crop = new Float32Array(3 * cropSize * cropSize);
  warpSquare(image, align(landmarks, TEMPLATES[alignment], cropSize), cropSize, inputChannels(input), crop);
  return crop;
}

async function calibrationPictures(folder: string): Promise<PixelImage[]> {
  const { pictures, people } = readPairs(folder);
  const own = pictures.filter(({ person }) => halfOf(people[person]!) === 'calibration');
  return Promise.all(own.filter((_, at) => at % EVERY_PICTURE === 0).map(({ file }) => readPicture(file)));
}

async function framesOf(film: string): Promise<PixelImage[]> {
  const camera = cameraSchema.parse({ id: 'film', url: `file:${film}`, fps: 60 });
  const ffmpeg = await findFfmpeg({ pathVariable: process.env.PATH });
  const source = createSource(camera, { ffmpeg, clock: systemClock, log: silentLog, baseDir: process.cwd() });
  const frames = source.frames().pipe(
    map((frame) => {
      const { width, height, format, sequence } = frame;
      const kept = sequence % EVERY_FRAME === 0 ? { width, height, format, data: Uint8Array.from(frame.data) } : null;
      frame.release();
      return kept;
    }),
    toArray(),
  );
  return (await lastValueFrom(frames)).filter((frame) => frame !== null);
}
