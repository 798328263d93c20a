import type { Features, RandomNetwork } from './random-network.ts';

/** Channels of the blocks of each stage, at width 1; a block that has more than the one before it halves the map. */
const STAGES = [
  [64, 128, 128, 256, 256],
  [512, 512, 512, 512, 512, 512],
  [1024, 1024],
];
const SLOPE = 0.1;

/**
 * MobileNet v1 (Howard et al. 2017) as RetinaFace uses it.
 *
 * @param width share of the channels, 0.25 or 1.
 * @returns the maps after its three stages: 256, 512 and 1024 channels times `width`, in cells of 8, 16 and 32 pixels.
 */
export function mobileNetV1(network: RandomNetwork, picture: Features, width: number): [Features, Features, Features] {
  const block = (x: Features, channels: number): Features => {
    // Only the first block, right after the stem, has more channels and the same size.
    const stride = channels > x.channels && x.channels > 32 * width ? 2 : 1;
    const alone = network.leakyRelu(network.convolution(x, x.channels, { stride, depthwise: true }), SLOPE);
    return network.leakyRelu(network.convolution(alone, channels, { kernel: 1 }), SLOPE);
  };
  let x = network.leakyRelu(network.convolution(picture, 32 * width, { stride: 2 }), SLOPE);
  return STAGES.map((blocks) => {
    for (const channels of blocks) x = block(x, channels * width);
    return x;
  }) as [Features, Features, Features];
}
