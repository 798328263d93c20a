import type { Value } from '../onnx/graph-builder.ts';
import { mobileNetV1 } from './mobilenet-v1.ts';
import { type Features, RandomNetwork } from './random-network.ts';
import { type ResNetDepth, resNet } from './resnet.ts';

export type RetinaFaceBackbone = { readonly mobilenet: 0.25 | 1 } | { readonly resnet: ResNetDepth };

/** Sizes of anchors in a cell. */
const ANCHORS = 2;
const HEADS = { boxes: 4, confidence: 2, landmarks: 10 } as const;

/**
 * RetinaFace (Deng et al. 2019) as github.com/biubug6/Pytorch_Retinaface builds it: a backbone's last three maps, a feature
 * pyramid, context modules (SSH), three heads a level; names as models/export/ gives them.
 *
 * In: `input` [n, 3, h, w], multiples of 32. Out: `boxes` [n, anchors, 4], `confidence` [n, anchors, 2] after softmax,
 * `landmarks` [n, anchors, 10].
 */
export function retinaFace(name: string, backbone: RetinaFaceBackbone): RandomNetwork {
  const network = new RandomNetwork(name);
  const picture = network.input('input', null);
  const small = 'mobilenet' in backbone;
  const maps = small ? mobileNetV1(network, picture, backbone.mobilenet) : resNet(network, picture, backbone.resnet);
  const slope = small ? 0.1 : 0;
  const levels = pyramid(network, maps, small ? 64 : 256, slope).map((map) => context(network, map, slope));
  for (const [head, width] of Object.entries(HEADS)) {
    const perLevel = levels.map((level) => predictions(network, level, width));
    const all = network.graph.node('Concat', perLevel, { axis: 1 });
    const result = head === 'confidence' ? network.graph.node('Softmax', [all], { axis: 2 }) : all;
    network.graph.output(head, result, ['n', 'anchors', width]);
  }
  return network;
}

/** Each level sees the coarser ones. */
function pyramid(network: RandomNetwork, maps: readonly Features[], channels: number, slope: number): Features[] {
  const activated = (x: Features, kernel: 1 | 3) =>
    network.leakyRelu(network.convolution(x, channels, { kernel }), slope);
  const [fine, middle, coarse] = maps.map((map) => activated(map, 1)) as [Features, Features, Features];
  const merged = activated(network.add(middle, network.enlarge(coarse)), 3);
  return [activated(network.add(fine, network.enlarge(merged)), 3), merged, coarse];
}

/** The single stage headless module (Najibi et al. 2017): views of 3, 5 and 7 cells side by side. */
function context(network: RandomNetwork, x: Features, slope: number): Features {
  const quarter = x.channels / 4;
  const near = network.convolution(x, 2 * quarter);
  const wider = network.leakyRelu(network.convolution(x, quarter), slope);
  const widest = network.leakyRelu(network.convolution(wider, quarter), slope);
  const views = [near, network.convolution(wider, quarter), network.convolution(widest, quarter)];
  return network.relu(network.concatenate(views));
}

/** Anchors row by row, cell by cell: shape [n, anchors of the level, width]. */
function predictions(network: RandomNetwork, level: Features, width: number): Value {
  const map = network.convolution(level, ANCHORS * width, { kernel: 1 });
  const channelsLast = network.graph.node('Transpose', [map.value], { perm: [0, 2, 3, 1] });
  return network.graph.node('Reshape', [channelsLast, network.graph.ints([0, -1, width])]);
}
