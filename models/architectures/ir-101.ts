import { type Features, RandomNetwork } from './random-network.ts';

/** Channels and blocks of each stage; every stage halves the map. */
const STAGES = [
  [64, 3],
  [128, 13],
  [256, 30],
  [512, 3],
] as const;
const SIDE = 112;
const WIDTH = 512;

/**
 * The improved residual network of 101 layers that CurricularFace (Huang et al. 2020) was trained on, without squeeze and
 * excitation, as github.com/HuangYG123/CurricularFace builds it.
 *
 * In: `input` [n, 3, 112, 112]. Out: `embedding` [n, 512], not normalised.
 */
export function ir101(name: string): RandomNetwork {
  const network = new RandomNetwork(name);
  let x = network.prelu(network.convolution(network.input('input', SIDE), 64));
  for (const [channels, blocks] of STAGES) {
    for (let block = 0; block < blocks; block++) x = improvedResidual(network, x, channels, block === 0 ? 2 : 1);
  }
  const cells = (SIDE / x.step) ** 2;
  const embedding = network.fullyConnected(network.batchNorm(x), cells, WIDTH);
  network.graph.output('embedding', embedding, ['n', WIDTH]);
  return network;
}

function improvedResidual(network: RandomNetwork, x: Features, channels: number, stride: 1 | 2): Features {
  // Its batch norm follows the sum: it stays a node of its own.
  const seen = network.prelu(network.convolution(network.batchNorm(x), channels, { bias: false }));
  const branch = network.convolution(seen, channels, { stride, gain: 0.3 });
  return network.add(branch, shortcut(network, x, channels, stride));
}

/** Every second cell where nothing but the size changes. */
function shortcut(network: RandomNetwork, x: Features, channels: number, stride: 1 | 2): Features {
  if (x.channels !== channels) return network.convolution(x, channels, { kernel: 1, stride });
  return stride === 1 ? x : network.maxPool(x, 1, stride);
}
