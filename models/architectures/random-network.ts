import { GraphBuilder, type Value } from '../onnx/graph-builder.ts';
import { markRandomWeights } from '../onnx/random-weights.ts';

/** A feature map on its way through the network. */
export interface Features {
  readonly value: Value;
  readonly channels: number;
  /** Side of a cell, pixels of the input. */
  readonly step: number;
}

export interface ConvolutionOptions {
  /** Side of the filters, odd. Default 3. */
  readonly kernel?: number;
  readonly stride?: number;
  /** Each channel is convolved alone. */
  readonly depthwise?: boolean;
  /** Default true: where a batch norm followed in training, exporting folded it into weights and bias. */
  readonly bias?: boolean;
  /** Default 1: keeps the size of what flows through. Less at the end of a residual branch, or deep networks overflow. */
  readonly gain?: number;
}

/**
 * An ONNX graph whose weights are numbers of a seeded generator: it costs what the trained network costs and finds nothing.
 * Counts what it is made of, so that this can be held against published figures.
 */
export class RandomNetwork {
  readonly graph: GraphBuilder;
  /** Trained numbers, as they stand in an exported file: batch norms folded into convolutions count as one bias. */
  parameters = 0;
  /** Multiplications per cell of feature maps, by step; 0: those that do not depend on the input's size. */
  readonly #multiplications = new Map<number, number>();
  readonly #next: () => number;

  constructor(name: string) {
    this.graph = new GraphBuilder(name);
    markRandomWeights(this.graph);
    this.#next = numbersFrom(name);
  }

  /** A batch of RGB pictures. @param side null where any multiple of 32 will do. */
  input(name: string, side: number | null): Features {
    const value = this.graph.input(name, ['n', 3, side ?? 'h', side ?? 'w']);
    return { value, channels: 3, step: 1 };
  }

  /** Multiplications (each with an addition) of one run: half of what is published as FLOPs. */
  multiplications(height: number, width: number): number {
    let sum = 0;
    for (const [step, perCell] of this.#multiplications) {
      sum += perCell * (step === 0 ? 1 : (height / step) * (width / step));
    }
    return sum;
  }

  /** Zero padding keeps the map's size where the stride is 1. */
  convolution(x: Features, channels: number, options: ConvolutionOptions = {}): Features {
    const { kernel = 3, stride = 1, depthwise = false, bias = true, gain = 1 } = options;
    const inputs = depthwise ? 1 : x.channels;
    const operands = [x.value, this.#weights([channels, inputs, kernel, kernel], inputs * kernel * kernel, gain)];
    if (bias) operands.push(this.#constants(channels, 0));
    const value = this.graph.node('Conv', operands, {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: Array<number>(4).fill((kernel - 1) / 2),
      group: depthwise ? channels : 1,
    });
    const step = x.step * stride;
    this.#count(step, channels * inputs * kernel * kernel);
    return { value, channels, step };
  }

  /** A batch norm that no convolution can take in: it stands before the zero padding. */
  batchNorm(x: Features): Features {
    const [scale, shift] = [this.#constants(x.channels, 1), this.#constants(x.channels, 0)];
    const [mean, variance] = [0, 1].map((value) => this.#fixed(x.channels, value)) as [Value, Value];
    return { ...x, value: this.graph.node('BatchNormalization', [x.value, scale, shift, mean, variance]) };
  }

  relu(x: Features): Features {
    return { ...x, value: this.graph.node('Relu', [x.value]) };
  }

  /** @param slope below zero; 0 is `relu`. */
  leakyRelu(x: Features, slope: number): Features {
    if (slope === 0) return this.relu(x);
    return { ...x, value: this.graph.node('LeakyRelu', [x.value], { alpha: { float: slope } }) };
  }

  /** Below zero a slope of its own for each channel. */
  prelu(x: Features): Features {
    const slope = this.graph.floats(new Float32Array(x.channels).fill(0.25), [x.channels, 1, 1]);
    this.parameters += x.channels;
    return { ...x, value: this.graph.node('PRelu', [x.value, slope]) };
  }

  /** @param kernel odd. */
  maxPool(x: Features, kernel: number, stride: number): Features {
    const value = this.graph.node('MaxPool', [x.value], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: Array<number>(4).fill((kernel - 1) / 2),
    });
    return { ...x, value, step: x.step * stride };
  }

  /** Twice the size, each value four times. */
  enlarge(x: Features): Features {
    const scales = this.graph.floats([1, 1, 2, 2], [4]);
    const value = this.graph.node('Resize', [x.value, '', scales], {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    });
    return { ...x, value, step: x.step / 2 };
  }

  add(a: Features, b: Features): Features {
    return { ...a, value: this.graph.node('Add', [a.value, b.value]) };
  }

  /** Channels of several maps of one size, one after the other. */
  concatenate(maps: readonly Features[]): Features {
    const value = this.graph.node(
      'Concat',
      maps.map((map) => map.value),
      { axis: 1 },
    );
    return { value, channels: maps.reduce((sum, map) => sum + map.channels, 0), step: maps[0]!.step };
  }

  /** A matrix over all values of a map. @param cells of the map. @returns shape [n, outputs]. */
  fullyConnected(x: Features, cells: number, outputs: number): Value {
    const inputs = x.channels * cells;
    const flat = this.graph.node('Flatten', [x.value], { axis: 1 });
    const weights = this.#weights([outputs, inputs], inputs, 1);
    this.#count(0, inputs * outputs);
    return this.graph.node('Gemm', [flat, weights, this.#constants(outputs, 0)], { transB: 1 });
  }

  /** Spread so that a layer gives out as much as it takes in (He et al. 2015). */
  #weights(dims: readonly number[], fanIn: number, gain: number): Value {
    const reach = gain * Math.sqrt(6 / fanIn);
    const length = dims.reduce((product, size) => product * size, 1);
    const values = new Float32Array(length);
    for (let i = 0; i < length; i++) values[i] = this.#next() * reach;
    this.parameters += length;
    return this.graph.floats(values, dims);
  }

  #constants(length: number, value: number): Value {
    this.parameters += length;
    return this.#fixed(length, value);
  }

  #fixed(length: number, value: number): Value {
    return this.graph.floats(new Float32Array(length).fill(value), [length]);
  }

  #count(step: number, perCell: number): void {
    this.#multiplications.set(step, (this.#multiplications.get(step) ?? 0) + perCell);
  }
}

/** Numbers in −1..1 that look random and are the same for one name (xorshift, Marsaglia 2003). */
function numbersFrom(name: string): () => number {
  let state = 0x9e3779b9;
  for (let i = 0; i < name.length; i++) state = Math.imul(state ^ name.charCodeAt(i), 0x01000193);
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2_147_483_648;
  };
}
