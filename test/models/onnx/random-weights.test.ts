import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../models/onnx/graph-builder.ts';
import { readOnnx, writeOnnx } from '../../../models/onnx/onnx-file.ts';
import { hasRandomWeights, markRandomWeights } from '../../../models/onnx/random-weights.ts';
import { requirement, sharedDir } from '../../support/requirements.ts';

function small(change: (graph: GraphBuilder) => void): Uint8Array {
  const graph = new GraphBuilder('small');
  graph.output('y', graph.input('x', ['n']), ['n']);
  change(graph);
  return graph.build();
}

describe('hasRandomWeights', () => {
  it('finds the mark among other metadata, also after the graph was read and written', () => {
    const marked = small((graph) => {
      graph.metadata('author', 'random');
      markRandomWeights(graph);
    });
    expect(hasRandomWeights(marked)).toBe(true);
    expect(hasRandomWeights(writeOnnx(readOnnx(marked)))).toBe(true);
  });

  it.each<[string, (graph: GraphBuilder) => void]>([
    ['no metadata', () => {}],
    ['another key of that value', (graph) => graph.metadata('weights', 'random')],
    ['that key with another value', (graph) => graph.metadata('facegate.weights', 'trained')],
  ])('does not take %s for it', (_, change) => {
    expect(hasRandomWeights(small(change))).toBe(false);
  });

  it.skipIf(!requirement('shared').met)('finds none in a trained network', () => {
    expect(hasRandomWeights(readFileSync(join(sharedDir, 'models/mobilefacenet-arcface-128d.onnx')))).toBe(false);
  });

  it('finds none in what is no model', () => {
    expect(hasRandomWeights(Buffer.from('no model'))).toBe(false);
    expect(hasRandomWeights(new Uint8Array())).toBe(false);
  });
});
