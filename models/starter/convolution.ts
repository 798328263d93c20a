import type { Attributes, GraphBuilder, Value } from '../onnx/graph-builder.ts';
import type { Weight } from './face-api-weights.ts';

/** Per output channel: result · scale + shift. A batch norm or scale layer, folded into the convolution before it. */
export interface Affine {
  readonly scale: Float32Array;
  readonly shift: Float32Array;
}

export interface ConvolutionOptions {
  stride?: 1 | 2;
  /** TensorFlow's `same` pads unevenly where it must, more at the end. Default `same`. */
  padding?: 'same' | 'valid';
  /** Each channel is convolved alone; filters have shape [h, w, channels, 1]. */
  depthwise?: boolean;
  /** Default: no shift. */
  affine?: Partial<Affine>;
}

/**
 * A convolution with TensorFlow's filters.
 *
 * @param filters shape [h, w, in, out]; depthwise [h, w, channels, 1].
 */
export function convolution(graph: GraphBuilder, x: Value, filters: Weight, options: ConvolutionOptions = {}): Value {
  const { stride = 1, padding = 'same', depthwise = false, affine = {} } = options;
  const [height, width, inputs, outputs] = filters.shape as [number, number, number, number];
  // A depthwise filter has one input and lists its channels where others list their inputs.
  const groupInputs = depthwise ? 1 : inputs;
  const channels = depthwise ? inputs : outputs;
  const cells = height * width;
  const transposed = new Float32Array(filters.data.length);
  for (let cell = 0, from = 0; cell < cells; cell += 1) {
    for (let input = 0; input < groupInputs; input += 1) {
      for (let channel = 0; channel < channels; channel += 1, from += 1) {
        const scale = affine.scale ? affine.scale[channel]! : 1;
        transposed[(channel * groupInputs + input) * cells + cell] = filters.data[from]! * scale;
      }
    }
  }
  const operands = [x, graph.floats(transposed, [channels, groupInputs, height, width])];
  if (affine.shift) operands.push(graph.floats(affine.shift, [channels]));
  const attributes: Attributes = {
    kernel_shape: [height, width],
    strides: [stride, stride],
    group: depthwise ? channels : 1,
    auto_pad: padding === 'same' ? 'SAME_UPPER' : 'VALID',
  };
  return graph.node('Conv', operands, attributes);
}
