import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TIMING_NETWORKS } from '../../../models/architectures/timing-networks.ts';
import { catalogEntry } from '../../../models/catalog.ts';
import { hasRandomWeights } from '../../../models/onnx/random-weights.ts';
import { Session } from '../../../models/runtime/session.ts';

describe('networks for timing', () => {
  const name = 'retinaface-mobilenet1.0';
  let folder: string;
  let path: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'facegate-timing-'));
    path = join(folder, `${name}.onnx`);
    writeFileSync(path, TIMING_NETWORKS[name]!().graph.build());
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are the same bytes every time, and say of themselves that their weights are random', () => {
    const [first, second] = [TIMING_NETWORKS[name]!().graph.build(), TIMING_NETWORKS[name]!().graph.build()];
    expect(Buffer.compare(first, second)).toBe(0);
    expect(hasRandomWeights(first)).toBe(true);
  });

  it('belong to catalog entries, whose contract they keep', async () => {
    for (const known of Object.keys(TIMING_NETWORKS)) expect(() => catalogEntry(known)).not.toThrow();
    const model = { entry: catalogEntry(name), path, origin: 'built here' };
    const session = await Session.open(model, { providers: ['cpu'], warmUp: [[1, 3, 96, 160]], timingOnly: true });
    const outputs = await session.run(session.input([2, 3, 64, 96]));
    const anchors = 2 * (8 * 12 + 4 * 6 + 2 * 3);
    expect(outputs.boxes).toHaveLength(2 * anchors * 4);
    expect(outputs.confidence).toHaveLength(2 * anchors * 2);
    expect(outputs.landmarks).toHaveLength(2 * anchors * 10);
    expect(outputs.boxes!.every(Number.isFinite)).toBe(true);
    await session.close();
  });

  it('are refused where nobody asked for timing', async () => {
    const model = { entry: catalogEntry(name), path, origin: 'built here' };
    await expect(Session.open(model, { providers: ['cpu'], warmUp: [[1, 3, 64, 64]] })).rejects.toMatchObject({
      code: 'MODEL_RANDOM_WEIGHTS',
      message: expect.stringContaining(`${path} has random weights`),
    });
  });
});
