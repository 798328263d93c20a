import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import sharp from 'sharp';
import { sharedDir } from './requirements.ts';

/** People walk to the camera: 1080p, 25 fps, 4.2 s. */
export const WALK = join(sharedDir, 'media/walk-to-camera-1080p25.mp4');

/** The picture at `seconds`, as JPEG. */
export function pictureAt(film: string, seconds: number): Buffer {
  const args = [
    '-v',
    'error',
    '-ss',
    String(seconds),
    '-i',
    film,
    '-frames:v',
    '1',
    '-q:v',
    '2',
    '-f',
    'mjpeg',
    'pipe:1',
  ];
  return execFileSync('ffmpeg', args, { maxBuffer: 16_000_000 });
}

/** A film of `seconds` that plays `film` again and again, without decoding it. */
export function longFilm(film: string, seconds: number, file: string): string {
  execFileSync('ffmpeg', [
    '-v',
    'error',
    '-y',
    '-stream_loop',
    '-1',
    '-i',
    film,
    '-t',
    String(seconds),
    '-c',
    'copy',
    '-an',
    file,
  ]);
  return file;
}

type Box = readonly [x1: number, y1: number, x2: number, y2: number];

/** The widest face with what is around it, so that it shows nobody else. `faces` as `POST /detect` answers. */
export async function faceCutOut(picture: Buffer, faces: readonly { readonly bbox: Box }[]): Promise<Buffer> {
  const { width = 0, height = 0 } = await sharp(picture).metadata();
  const [widest] = faces.map(({ bbox }) => bbox).sort((a, b) => b[2] - b[0] - (a[2] - a[0]));
  if (!widest) throw new Error('nobody is in the picture');
  const [x1, y1, x2, y2] = widest;
  const margin = Math.round((x2 - x1) / 2);
  const left = Math.max(0, x1 - margin);
  const top = Math.max(0, y1 - margin);
  return sharp(picture)
    .extract({ left, top, width: Math.min(width, x2 + margin) - left, height: Math.min(height, y2 + margin) - top })
    .jpeg({ quality: 95 })
    .toBuffer();
}

/** Asks a running facegate where the faces are, and makes its best-sized one known by a cut-out that shows nobody else. */
export async function enrolFromPicture(address: string, name: string, picture: Buffer): Promise<void> {
  const { faces } = (await post(`${address}/detect`, picture)) as { faces: { bbox: Box }[] };
  const cutOut = await faceCutOut(picture, faces);
  const subject = await fetch(`${address}/subjects`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  });
  const { id } = (await subject.json()) as { id: string };
  await post(`${address}/subjects/${id}/faces`, cutOut);
}

async function post(url: string, picture: Buffer): Promise<unknown> {
  const form = new FormData();
  form.append('image', new Blob([new Uint8Array(picture)], { type: 'image/jpeg' }), 'picture.jpg');
  const response = await fetch(url, { method: 'POST', body: form });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}
