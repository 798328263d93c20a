import { GraphBuilder, type Value } from '../onnx/graph-builder.ts';
import { convolution } from './convolution.ts';
import type { Weights } from './face-api-weights.ts';

const INPUT_SIZE = 112;

/**
 * face-api's 68-point landmark network: four dense blocks of separable convolutions.
 *
 * The crop: the face's box, clipped to the picture, in whole pixels (rounded down), is put in the middle of a black square
 * as wide as its longer side; the picture around the box is not shown. The square is resized to 112×112.
 * In: `input` [n, 3, 112, 112], RGB, (value − (122.782, 117.001, 104.298)) / 255.
 * Out: `landmarks` [n, 136], x0, y0, x1, y1, …: 0..1 of the square. Five points for alignment: the means of points 36–41 and
 * 42–47 (eyes, image-left first), 30 (nose tip), 48 and 54 (mouth corners).
 */
export function buildLandmarks68(weights: Weights): Uint8Array {
  const graph = new GraphBuilder('starter-landmarks68');
  const relu = (x: Value) => graph.node('Relu', [x]);
  const separable = (x: Value, name: string, stride: 1 | 2 = 1) => {
    const deep = convolution(graph, x, weights(`${name}/depthwise_filter`), { stride, depthwise: true });
    return convolution(graph, deep, weights(`${name}/pointwise_filter`), {
      affine: { shift: weights(`${name}/bias`).data },
    });
  };

  let x = graph.input('input', ['n', 3, INPUT_SIZE, INPUT_SIZE]);
  for (const block of ['dense0', 'dense1', 'dense2', 'dense3']) {
    const first =
      block === 'dense0'
        ? convolution(graph, x, weights('dense0/conv0/filters'), {
            stride: 2,
            affine: { shift: weights('dense0/conv0/bias').data },
          })
        : separable(x, `${block}/conv0`, 2);
    x = relu(first);
    // Each convolution sees the sum of all results before it.
    let sum = x;
    for (const conv of ['conv1', 'conv2', 'conv3']) {
      sum = graph.node('Add', [sum, separable(x, `${block}/${conv}`)]);
      x = relu(sum);
    }
  }
  const pooled = graph.node('AveragePool', [x], { kernel_shape: [7, 7], strides: [2, 2] });
  const { shape, data } = weights('fc/weights');
  const fully = graph.node('Gemm', [
    graph.node('Flatten', [pooled], { axis: 1 }),
    graph.floats(data, shape),
    graph.floats(weights('fc/bias').data, [136]),
  ]);
  graph.output('landmarks', fully, ['n', 136]);
  return graph.build();
}
