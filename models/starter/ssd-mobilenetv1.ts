import { GraphBuilder, type Value } from '../onnx/graph-builder.ts';
import { type Affine, convolution } from './convolution.ts';
import type { Weights } from './face-api-weights.ts';

const INPUT_SIZE = 512;
/** Of these MobileNet blocks the depthwise convolution halves the feature map. */
const HALVING_BLOCKS = [2, 4, 6, 12];
/** After this block the first (finest) predictor looks at the features. */
const FINE_BLOCK = 11;
const BATCH_NORM_EPSILON = 0.001;
/** Classes of the predictor, and which one is "face" (0 is background, 2 was never trained). */
const CLASSES = 3;
const FACE_CLASS = 1;

/**
 * face-api's SSD with MobileNet v1 as one graph, with the priors applied: no decoding is left to the caller.
 *
 * In: `input` [n, 3, 512, 512], RGB, value / 127.5 − 1; the picture scaled to fit, at the top left, the rest black.
 * Out: `boxes` [n, 5118, 4], x1, y1, x2, y2 in pixels of the input, unclamped; `confidence` [n, 5118], 0..1.
 * Left to the caller: confidence threshold and NMS (face-api uses 0.5 and IoU 0.5).
 */
export function buildSsdMobilenetV1(weights: Weights): Uint8Array {
  const graph = new GraphBuilder('starter-ssd-mobilenetv1');
  const relu6Bounds = [graph.floats([0], []), graph.floats([6], [])];
  const relu6 = (x: Value) => graph.node('Clip', [x, ...relu6Bounds]);
  const pointwise = (x: Value, name: string, stride: 1 | 2 = 1) =>
    relu6(
      convolution(graph, x, weights(`${name}_pointwise/weights`), {
        stride,
        affine: { shift: weights(`${name}_pointwise/convolution_bn_offset`).data },
      }),
    );

  let x = pointwise(graph.input('input', ['n', 3, INPUT_SIZE, INPUT_SIZE]), 'MobilenetV1/Conv2d_0', 2);
  let fine = x;
  for (let block = 1; block <= 13; block += 1) {
    const name = `MobilenetV1/Conv2d_${block}`;
    x = relu6(
      convolution(graph, x, weights(`${name}_depthwise/depthwise_weights`), {
        stride: HALVING_BLOCKS.includes(block) ? 2 : 1,
        depthwise: true,
        affine: batchNorm(weights, `${name}_depthwise/BatchNorm`),
      }),
    );
    x = pointwise(x, name);
    if (block === FINE_BLOCK) fine = x;
  }

  const features = [fine, x];
  for (const pair of [0, 2, 4, 6]) {
    x = pointwise(pointwise(x, `Prediction/Conv2d_${pair}`), `Prediction/Conv2d_${pair + 1}`, 2);
    features.push(x);
  }
  const predict = (kind: 'BoxEncodingPredictor' | 'ClassPredictor', width: number) =>
    graph.node(
      'Concat',
      features.map((feature, at) => {
        const name = `Prediction/BoxPredictor_${at}/${kind}`;
        const map = convolution(graph, feature, weights(`${name}/weights`), {
          affine: { shift: weights(`${name}/biases`).data },
        });
        // Anchors count row by row, cell by cell, then the anchors of the cell: channels last before the reshape.
        const channelsLast = graph.node('Transpose', [map], { perm: [0, 2, 3, 1] });
        return graph.node('Reshape', [channelsLast, graph.ints([0, -1, width])]);
      }),
      { axis: 1 },
    );

  const { data: priors, shape } = weights('Output/extra_dim');
  const anchors = shape[1]!;
  graph.output('boxes', decodeBoxes(graph, predict('BoxEncodingPredictor', 4), priors, anchors), ['n', anchors, 4]);
  const face = graph.node('Gather', [predict('ClassPredictor', CLASSES), graph.scalarInt(FACE_CLASS)], { axis: 2 });
  graph.output('confidence', graph.node('Sigmoid', [face]), ['n', anchors]);
  return graph.build();
}

/**
 * TensorFlow's box coder: encoded (dy, dx, dh, dw) with scales 10, 10, 5, 5 relative to a prior's centre and size.
 *
 * @param priors shape [anchors, 4]: ymin, xmin, ymax, xmax, 0..1 of the input.
 */
function decodeBoxes(graph: GraphBuilder, encoded: Value, priors: Float32Array, anchors: number): Value {
  const centres = new Float32Array(anchors * 2);
  const sizes = new Float32Array(anchors * 2);
  for (let anchor = 0; anchor < anchors; anchor += 1) {
    const [y1, x1, y2, x2] = priors.subarray(anchor * 4, anchor * 4 + 4) as unknown as [number, number, number, number];
    sizes.set([(x2 - x1) * INPUT_SIZE, (y2 - y1) * INPUT_SIZE], anchor * 2);
    centres.set([((x1 + x2) / 2) * INPUT_SIZE, ((y1 + y2) / 2) * INPUT_SIZE], anchor * 2);
  }
  const size = graph.floats(sizes, [anchors, 2]);
  const half = graph.floats([2], []);
  const offset = graph.node('Div', [
    graph.node('Gather', [encoded, graph.ints([1, 0])], { axis: 2 }),
    graph.floats([10], []),
  ]);
  const growth = graph.node('Div', [
    graph.node('Gather', [encoded, graph.ints([3, 2])], { axis: 2 }),
    graph.floats([5], []),
  ]);
  const centre = graph.node('Add', [graph.node('Mul', [offset, size]), graph.floats(centres, [anchors, 2])]);
  const reach = graph.node('Div', [graph.node('Mul', [graph.node('Exp', [growth]), size]), half]);
  return graph.node('Concat', [graph.node('Sub', [centre, reach]), graph.node('Add', [centre, reach])], { axis: 2 });
}

function batchNorm(weights: Weights, name: string): Affine {
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map(
    (part) => weights(`${name}/${part}`).data,
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const scale = gamma.map((value, channel) => value / Math.sqrt(variance[channel]! + BATCH_NORM_EPSILON));
  return { scale, shift: beta.map((value, channel) => value - mean[channel]! * scale[channel]!) };
}
