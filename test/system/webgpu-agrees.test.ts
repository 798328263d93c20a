import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { inputChannels } from '../../models/input-channels.ts';
import { Session } from '../../models/runtime/session.ts';
import { faceApiPicture } from '../support/face-api-picture.ts';
import { requirement } from '../support/requirements.ts';
import { sharedModel } from '../support/shared-model.ts';
import { softwareVulkan } from '../support/software-vulkan.ts';

const SHAPE = [1, 3, 112, 112];
/** Parts of a picture of people, in shares of its size: both providers are given the same. */
const PARTS = [
  { left: 0.2, top: 0.1 },
  { left: 0.5, top: 0.2 },
];

describe.skipIf(!requirement('webgpu').met || !requirement('shared').met)('embeddings on WebGPU', () => {
  it('are those of the CPU, to a cosine of 0.999', { timeout: 300_000 }, async () => {
    using vulkan = softwareVulkan();
    // The loader reads them when the first session is opened; this process runs this test alone.
    Object.assign(process.env, vulkan.environment);
    const model = sharedModel('mobilefacenet-arcface-128d');
    const open = (provider: string) => Session.open(model, { providers: [provider], warmUp: [SHAPE] });
    const gpu = await open('webgpu');
    const cpu = await open('cpu');
    expect(gpu).toMatchObject({ provider: 'webgpu', degraded: false });
    expect(Object.keys(gpu.nodes)).toEqual(['webgpu']);
    expect(gpu.nodes.webgpu).toBe(cpu.nodes.cpu);
    for (const part of PARTS) {
      const pixels = await squareOf(part);
      const [a, b] = [await embedding(gpu, pixels), await embedding(cpu, pixels)];
      expect(cosine(a, b)).toBeGreaterThanOrEqual(0.999);
      // They were computed, not handed over: rounding differs.
      expect([...a]).not.toEqual([...b]);
    }
    await gpu.close();
    await cpu.close();

    async function embedding(session: Session, rgb: Buffer): Promise<Float32Array> {
      const input = session.input(SHAPE);
      for (const [channel, { plane, scale, offset }] of inputChannels(model.entry.input).entries()) {
        for (let at = 0; at < 112 * 112; at += 1) {
          input.data[plane * 112 * 112 + at] = rgb[at * 3 + channel]! * scale + offset;
        }
      }
      return Object.values(await session.run(input))[0]!.slice();
    }
  });
});

/** A third of the picture's height, as the network takes it. */
async function squareOf({ left, top }: { left: number; top: number }): Promise<Buffer> {
  const picture = sharp(faceApiPicture(1));
  const { width, height } = await picture.metadata();
  const side = Math.floor(height / 3);
  const area = { left: Math.floor(width * left), top: Math.floor(height * top), width: side, height: side };
  return picture.extract(area).resize(112, 112).removeAlpha().toColourspace('srgb').raw().toBuffer();
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, at) => sum + value * y[at]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
