import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FacegateProcess, startFacegate } from '../support/facegate-process.ts';
import { requirement, sharedDir } from '../support/requirements.ts';

const shared = requirement('shared');
const folder = mkdtempSync(join(tmpdir(), 'facegate-bad-input-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!shared.met)('a running facegate that is sent rubbish', () => {
  let facegate: FacegateProcess;
  const portrait = () => readFileSync(join(sharedDir, 'media/spoof/image_T1.jpg'));
  const send = async (path: string, parts: Record<string, Buffer>) => {
    const form = new FormData();
    for (const [name, bytes] of Object.entries(parts)) form.append(name, new Blob([new Uint8Array(bytes)]), name);
    const response = await fetch(facegate.address + path, { method: 'POST', body: form });
    return {
      status: response.status,
      body: (await response.json()) as { code?: string; message?: string; faces?: unknown[] },
    };
  };

  beforeAll(async () => {
    facegate = await startFacegate(['serve', '--port', '0', '--data', folder]);
  });
  afterAll(() => facegate?.stop());

  const RUBBISH: [string, () => Buffer, number, string][] = [
    ['a text file', () => Buffer.from('Dear Sir or Madam, this is no picture.'), 415, 'IMAGE_UNSUPPORTED'],
    [
      'an SVG',
      () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      415,
      'IMAGE_UNSUPPORTED',
    ],
    ['a truncated JPEG', () => portrait().subarray(0, 20_000), 422, 'IMAGE_CORRUPT'],
    ['a PNG of 20,000 × 20,000 pixels', hugePng, 413, 'IMAGE_TOO_LARGE'],
    ['nothing at all', () => Buffer.alloc(0), 415, 'IMAGE_UNSUPPORTED'],
  ];

  it.each(RUBBISH)('answers %s with an error that names it, and stays up', async (_, make, status, code) => {
    const { status: got, body } = await send('/detect', { image: make() });
    expect([got, body.code]).toEqual([status, code]);
    expect(body.message).toContain('image');
    expect(await (await fetch(`${facegate.address}/health`)).json()).toMatchObject({ status: 'ok' });
  });

  it('finds nobody in a picture of nobody, and says which picture of two it was', async () => {
    const nobody = await sharp({ create: { width: 640, height: 480, channels: 3, background: '#567' } })
      .jpeg()
      .toBuffer();
    expect(await send('/detect', { image: nobody })).toEqual({ status: 200, body: { faces: [] } });
    const { status, body } = await send('/compare', { image1: portrait(), image2: nobody });
    expect([status, body.code]).toEqual([422, 'FACE_NOT_FOUND']);
    expect(body.message).toContain('image2');
  });

  it('still finds the face in a good one', async () => {
    const { status, body } = await send('/detect', { image: portrait() });
    expect([status, body.faces?.length]).toEqual([200, 1]);
  });
});

describe.skipIf(!shared.met)('weights with one byte changed', () => {
  it('are refused by name, with the sums that were expected and got', async () => {
    const models = join(folder, 'bad/models');
    mkdirSync(models, { recursive: true });
    const file = join(models, 'retinaface-mobilenet025.onnx');
    cpSync(join(sharedDir, 'models/retinaface-mobilenet025.onnx'), file);
    const bytes = readFileSync(file);
    bytes[1000]! ^= 1;
    writeFileSync(file, bytes);
    const started = startFacegate(['serve', '--port', '0', '--data', join(folder, 'bad')]);
    await expect(started).rejects.toThrow(/did not start/);
    await expect(started).rejects.toThrow(file);
    await expect(started).rejects.toThrow('10ba7891fd076d0b52125b507ae1499465aaa269d007459a43c64ae9d3277648');
  });
});

/** 20,000 × 20,000 black pixels, one bit each, in 50 kB: small to send, 1.2 GB as RGB. */
function hugePng(): Buffer {
  const side = 20_000;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1; // bits a pixel; colour type 0 is grey
  const rows = Buffer.alloc(side * (1 + side / 8));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
