import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CatalogEntry } from '../../models/catalog.ts';
import { GraphBuilder, type Value } from '../../models/onnx/graph-builder.ts';
import type { ResolvedModel } from '../../models/store.ts';

/** More than any machine has; asked for at once, so that nothing is filled before it is refused. */
const BYTES = 2 ** 50;

/**
 * A network with the inputs and outputs of another one that runs while it is shown black, as in a warm-up, and asks for
 * more memory than there is when it is shown anything else: a real failure of the runtime's own allocator.
 */
export async function greedyNetwork(
  folder: string,
  like: ResolvedModel,
  changes: { name: string; lighter?: string },
): Promise<ResolvedModel> {
  const { entry } = like;
  const graph = new GraphBuilder(changes.name);
  const image = graph.input(entry.input.name, ['n', 3, 'h', 'w']);
  const brightness = graph.node('ReduceMax', [graph.node('Abs', [image])], { keepdims: 0 });
  const shown = graph.node('Clip', [graph.node('Ceil', [brightness]), graph.floats([0], []), graph.floats([1], [])]);
  const length = graph.node('Cast', [graph.node('Mul', [shown, graph.floats([BYTES / 4], [])])], { to: 7 });
  const shape = graph.node('Reshape', [length, graph.ints([1])]);
  // Where it is black there is nothing to expand, and the sum of nothing is 0.
  const asked = graph.node('Expand', [graph.node('Reshape', [brightness, graph.ints([1])]), shape]);
  const zero = graph.node('ReduceSum', [asked], { keepdims: 0 });
  for (const [name, dims] of outputsOf(entry)) {
    const zeros: Value = graph.floats(new Float32Array(dims.reduce((a, b) => a * b, 1)), dims);
    graph.output(name, graph.node('Add', [zeros, zero]), dims);
  }
  const path = join(folder, `${changes.name}.onnx`);
  await writeFile(path, graph.build());
  const fields = { name: changes.name, lighter: changes.lighter ?? null, sha256: null, url: null, graphEdit: null };
  return { entry: { ...entry, ...fields } as CatalogEntry, path, origin: 'a test' };
}

function outputsOf(entry: CatalogEntry): [name: string, dims: number[]][] {
  if (entry.family === 'retinaface') {
    const { boxes, confidence, landmarks } = entry.outputs;
    return [
      [boxes, [1, 8, 4]],
      [confidence, [1, 8, 2]],
      [landmarks, [1, 8, 10]],
    ];
  }
  if (entry.task === 'embedder') return [[entry.outputs.embedding ?? 'embedding', [1, entry.embedding.width]]];
  throw new Error(`no greedy network is built like ${entry.name}`);
}
