import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalFaceAnalyser } from '../../models/inference/face-analyser.ts';
import type { Box } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import { filmFrames } from '../support/film-frames.ts';
import { drawClip, gatedClip, skippedShare } from '../support/gated-clip.ts';
import { WALK } from '../support/people-in-film.ts';
import { requirement } from '../support/requirements.ts';
import { sharedModel } from '../support/shared-model.ts';

const FPS = 5;
const SIZE = '1280x720';
/** A still room: drawn once and repeated; the noise is drawn for each picture. */
const room = (light: string) =>
  `nullsrc=size=${SIZE}:rate=10,geq=lum='${light}':cb=126:cr=130,trim=end_frame=1,loop=loop=-1:size=1,setpts=N/10/TB`;
const DAY = room('120+60*sin(X/37)*cos(Y/23)+30*sin((X+Y)/7)+15*random(1)');
const NIGHT = room('38+22*sin(X/37)*cos(Y/23)+14*sin((X+Y)/7)+10*random(1)');
// With one thread: with two its rate control gives another film each time, and in some of them night is louder.
const H264 = '-threads 1 -pix_fmt yuv420p -c:v libx264 -preset veryfast -bf 0 -tune zerolatency';
const noisy = (level: number) => `noise=alls=${level}:allf=t`;

const dir = mkdtempSync(join(tmpdir(), 'facegate-gate-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe.skipIf(!requirement('ffmpeg').met)('in an empty room the motion gate', () => {
  it.each([
    ['by day', DAY, 2, `${H264} -b:v 2M -maxrate 2M -bufsize 2M -g 20`],
    ['at night', NIGHT, 6, `${H264} -b:v 512k -maxrate 512k -bufsize 512k -g 10`],
    ['at night with much noise', NIGHT, 20, `${H264} -b:v 4M -maxrate 4M -bufsize 4M -g 20`],
  ])('leaves out all but a look every 2 s %s', { timeout: 120_000 }, async (name, light, noise, encoder) => {
    const file = join(dir, `${name}.mkv`);
    drawClip({ inputs: ['-f', 'lavfi', '-i', light], filter: `[0:v]${noisy(noise)}[out]`, encoder, seconds: 8 }, file);
    const pictures = await gatedClip({ file, fps: FPS });
    expect(pictures.length).toBeGreaterThanOrEqual(39);
    // One in ten is the look.
    expect(skippedShare(pictures, 1.5)).toBeGreaterThanOrEqual(0.87);
  });
});

describe.skipIf(!requirement('shared').met || !requirement('ffmpeg').met)('somebody who appears', () => {
  let networks: LocalFaceAnalyser;
  let face: string;
  const count = async (image: PixelImage) => (await networks.analyse(image, { want: 'detections' })).faces.length;

  beforeAll(async () => {
    const placed = (name: string) => ({ model: sharedModel(name), providers: ['cpu'] });
    networks = await LocalFaceAnalyser.open({
      work: 'pictures',
      detector: placed('retinaface-mobilenet025'),
      landmarks: null,
      embedder: placed('mobilefacenet-arcface-128d'),
      scorers: [],
      settings: {
        ...{ inputSize: 640, confidence: null, preset: 'default', nms: 0.4, maxFaces: 20 },
        ...{ minFacePx: 24, oodThreshold: 0.4 },
      },
    });
    face = join(dir, 'face.png');
    await cutOutFace(networks, face);
  }, 60_000);

  // The width of the cut-out, of which the face is a third; the room; how it comes into the picture, with `t` in seconds.
  it.each<[string, number, string, number, string]>([
    ['large, all at once, by day', 300, DAY, 2, "x=500:y=200:enable='gte(t,4.1)'"],
    ['small, all at once, by day', 150, DAY, 2, "x=811:y=333:enable='gte(t,4.1)'"],
    ['small, all at once, at night with noise', 150, NIGHT, 12, "x=233:y=517:enable='gte(t,4.1)'"],
    ['walking in from the side', 240, DAY, 2, "x='min(400,-240+(t-4)*200)':y=250:enable='gte(t,4)'"],
    ['walking in very slowly from the side', 240, NIGHT, 6, "x='min(400,-240+(t-4)*80)':y=250:enable='gte(t,4)'"],
    ['coming up from below', 200, DAY, 4, "x=900:y='max(300,720-(t-4)*150)':enable='gte(t,4)'"],
  ])(
    '%s is analysed no later than one picture after the first that shows a face',
    { timeout: 180_000 },
    async (name, width, light, noise, where) => {
      const file = join(dir, `${name}.mkv`);
      const filter = `[1:v]scale=${width}:-2[face];[0:v][face]overlay=${where},${noisy(noise)}[out]`;
      const inputs = ['-f', 'lavfi', '-i', light, '-loop', '1', '-framerate', '10', '-i', face];
      drawClip({ inputs, filter, encoder: `${H264} -b:v 2M -maxrate 2M -bufsize 2M -g 20`, seconds: 8 }, file);
      const pictures = await gatedClip({ file, fps: FPS, lookEveryMs: 4000, count });
      const shows = pictures.findIndex(({ faces }) => faces > 0);
      const analysed = pictures.findIndex(({ faces, opens }) => faces > 0 && opens);
      expect(pictures[shows]!.atSeconds).toBeGreaterThanOrEqual(4);
      expect(analysed - shows).toBeLessThanOrEqual(1);
      expect(analysed - shows).toBeGreaterThanOrEqual(0);
      // Before, nothing was analysed that need not be; from then on every picture with a face.
      expect(
        skippedShare(
          pictures.filter(({ atSeconds }) => atSeconds < 4),
          1.5,
        ),
      ).toBeGreaterThan(0.8);
      expect(pictures.slice(analysed + 1).every(({ opens }) => opens)).toBe(true);
    },
  );

  it('in the film of people who walk to the camera is never left out', async () => {
    const pictures = await gatedClip({ file: WALK, fps: FPS, count });
    expect(pictures.length).toBeGreaterThan(15);
    expect(pictures.filter(({ faces, opens }) => faces > 0 && !opens)).toEqual([]);
  });
});

/** The surest face of the film with as much around it on each side as it is wide. */
async function cutOutFace(networks: LocalFaceAnalyser, file: string): Promise<void> {
  const [picture] = await filmFrames(WALK, { every: 60, count: 1, width: 1920, height: 1080 });
  const { faces } = await networks.analyse(picture!, { want: 'detections' });
  const widest = faces.map(({ box }) => box).sort((a, b) => b[2] - b[0] - (a[2] - a[0]))[0] as Box;
  const [x1, y1, x2, y2] = widest;
  const around = x2 - x1;
  const left = Math.max(0, Math.round(x1 - around));
  const top = Math.max(0, Math.round(y1 - around / 2));
  const size = { width: 1920, height: 1080, channels: 3 } as const;
  await sharp(Buffer.from(picture!.data), { raw: size })
    .extract({
      left,
      top,
      width: Math.min(1920, Math.round(x2 + around)) - left,
      height: Math.min(1080, Math.round(y2 + around / 2)) - top,
    })
    .png()
    .toFile(file);
}
