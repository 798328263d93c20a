import { GraphBuilder, type Value } from '../onnx/graph-builder.ts';
import { type Affine, convolution } from './convolution.ts';
import type { Weights } from './face-api-weights.ts';

const INPUT_SIZE = 150;

/** Layers in order: name, and for one that halves the map how wide its input is and what it gives. */
const LAYERS: readonly (string | Halving)[] = [
  'conv32_1',
  'conv32_2',
  'conv32_3',
  { name: 'conv64_down', channels: 32, pooled: 17, convolved: 17, widens: true },
  'conv64_1',
  'conv64_2',
  'conv64_3',
  { name: 'conv128_down', channels: 64, pooled: 8, convolved: 8, widens: true },
  'conv128_1',
  'conv128_2',
  { name: 'conv256_down', channels: 128, pooled: 4, convolved: 3, widens: true },
  'conv256_1',
  'conv256_2',
  { name: 'conv256_down_out', channels: 256, pooled: 2, convolved: 1, widens: false },
];

interface Halving {
  readonly name: string;
  /** Channels of the layer's input. */
  readonly channels: number;
  /** Side of the input after average pooling. */
  readonly pooled: number;
  /** Side of the result of its strided convolution. */
  readonly convolved: number;
  /** The layer doubles the channels. */
  readonly widens: boolean;
}

/**
 * dlib's face recognition ResNet as face-api carries it.
 *
 * In: `input` [n, 3, 150, 150], RGB, (value − (122.782, 117.001, 104.298)) / 255; a face aligned to dlib's mean shape.
 * Out: `embedding` [n, 128], not normalised.
 */
export function buildDlibResnet(weights: Weights): Uint8Array {
  const graph = new GraphBuilder('starter-dlib-128d');
  const relu = (x: Value) => graph.node('Relu', [x]);
  const scaled = (x: Value, name: string, stride: 1 | 2 = 1) =>
    convolution(graph, x, weights(`${name}/conv/filters`), {
      stride,
      padding: stride === 2 ? 'valid' : 'same',
      affine: foldedScale(weights, name),
    });
  const branch = (x: Value, name: string, stride: 1 | 2) =>
    scaled(relu(scaled(x, `${name}/conv1`, stride)), `${name}/conv2`);
  // What is too small for the sum is filled with zeros, at the end.
  const pad = (x: Value, channels: number, cells: number) =>
    channels + cells === 0 ? x : graph.node('Pad', [x, graph.ints([0, 0, 0, 0, 0, channels, cells, cells])]);

  let x = relu(scaled(graph.input('input', ['n', 3, INPUT_SIZE, INPUT_SIZE]), 'conv32_down', 2));
  x = graph.node('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2] });
  for (const layer of LAYERS) {
    if (typeof layer === 'string') {
      x = relu(graph.node('Add', [branch(x, layer, 1), x]));
      continue;
    }
    const pooled = graph.node('AveragePool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
    x = relu(
      graph.node('Add', [
        pad(branch(x, layer.name, 2), 0, layer.pooled - layer.convolved),
        pad(pooled, layer.widens ? layer.channels : 0, 0),
      ]),
    );
  }
  const averaged = graph.node('Flatten', [graph.node('GlobalAveragePool', [x])], { axis: 1 });
  const { data, shape } = weights('fc');
  graph.output('embedding', graph.node('MatMul', [averaged, graph.floats(data, shape)]), ['n', 128]);
  return graph.build();
}

/** (conv + bias) · weight + shift, as one scale and shift. */
function foldedScale(weights: Weights, name: string): Affine {
  const scale = weights(`${name}/scale/weights`).data;
  const bias = weights(`${name}/conv/bias`).data;
  const shift = weights(`${name}/scale/biases`).data;
  return { scale, shift: shift.map((value, channel) => value + bias[channel]! * scale[channel]!) };
}
