import { describe, expect, it } from 'vitest';
import { inputChannels } from '../../models/input-channels.ts';

const numbers = { mean: [104, 117, 123] as [number, number, number], std: [1, 2, 4] as [number, number, number] };

describe('inputChannels', () => {
  it.each(['rgb', 'bgr'] as const)('normalises every channel of %s by its own mean and deviation', (channelOrder) => {
    const [red, green, blue] = inputChannels({ channelOrder, ...numbers });
    const planes = channelOrder === 'rgb' ? [0, 1, 2] : [2, 1, 0];
    expect([red, green, blue].map((channel) => channel.plane)).toEqual(planes);
    for (const { plane, scale, offset } of [red, green, blue]) {
      expect(200 * scale + offset).toBeCloseTo((200 - numbers.mean[plane]!) / numbers.std[plane]!, 12);
    }
  });
});
