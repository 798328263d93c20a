import type { Features, RandomNetwork } from './random-network.ts';

/** Channels and stride of the blocks of each stage, at width 1. */
const STAGES = [
  [
    [64, 1],
    [128, 2],
    [128, 1],
    [256, 2],
    [256, 1],
  ],
  [
    [512, 2],
    [512, 1],
    [512, 1],
    [512, 1],
    [512, 1],
    [512, 1],
  ],
  [
    [1024, 2],
    [1024, 1],
  ],
] as const;
const SLOPE = 0.1;

/**
 * MobileNet v1 (Howard et al. 2017) as RetinaFace uses it.
 *
 * @param width share of the channels, 0.25 or 1.
 * @returns the maps after its three stages: 256, 512 and 1024 channels times `width`, in cells of 8, 16 and 32 pixels.
 */
export function mobileNetV1(network: RandomNetwork, picture: Features, width: number): [Features, Features, Features] {
  const block = (x: Features, channels: number, stride: number): Features => {
    const alone = network.convolution(x, x.channels, { stride, depthwise: true });
    return network.leakyRelu(
      network.convolution(network.leakyRelu(alone, SLOPE), channels * width, { kernel: 1 }),
      SLOPE,
    );
  };
  let x = network.leakyRelu(network.convolution(picture, 32 * width, { stride: 2 }), SLOPE);
  return STAGES.map((blocks) => {
    for (const [channels, stride] of blocks) x = block(x, channels, stride);
    return x;
  }) as [Features, Features, Features];
}
