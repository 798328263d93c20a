import type { Features, RandomNetwork } from './random-network.ts';

/** Blocks of each stage. */
const BLOCKS = { 50: [3, 4, 6, 3], 101: [3, 4, 23, 3] } as const;

export type ResNetDepth = keyof typeof BLOCKS;

/**
 * ResNet with bottlenecks (He et al. 2016), the stride in the 3×3 convolution as torchvision has it.
 *
 * @returns the maps after the last three stages: 512, 1024 and 2048 channels in cells of 8, 16 and 32 pixels.
 */
export function resNet(network: RandomNetwork, picture: Features, depth: ResNetDepth): [Features, Features, Features] {
  const stem = network.relu(network.convolution(picture, 64, { kernel: 7, stride: 2 }));
  let x = network.maxPool(stem, 3, 2);
  const stages: Features[] = [];
  for (const [stage, blocks] of BLOCKS[depth].entries()) {
    const width = 64 * 2 ** stage;
    for (let block = 0; block < blocks; block++) x = bottleneck(network, x, width, block === 0 && stage > 0 ? 2 : 1);
    stages.push(x);
  }
  return stages.slice(1) as [Features, Features, Features];
}

function bottleneck(network: RandomNetwork, x: Features, width: number, stride: 1 | 2): Features {
  const narrow = network.relu(network.convolution(x, width, { kernel: 1 }));
  const seen = network.relu(network.convolution(narrow, width, { stride }));
  const wide = network.convolution(seen, 4 * width, { kernel: 1, gain: 0.3 });
  const shortcut = x.channels === wide.channels ? x : network.convolution(x, 4 * width, { kernel: 1, stride });
  return network.relu(network.add(wide, shortcut));
}
