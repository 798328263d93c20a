import { describe, expect, it } from 'vitest';
import { providersFrom, secondsFrom, sizesFrom } from '../../../cli/models-bench/bench-options.ts';

describe('options of models bench', () => {
  it('are lists, each thing once', () => {
    expect(sizesFrom('320, 640,320')).toEqual([320, 640]);
    expect(providersFrom('cpu,CUDAExecutionProvider,cuda')).toEqual(['cpu', 'cuda']);
    expect(secondsFrom('0.5')).toBe(0.5);
  });

  it.each<[string, () => unknown, string]>([
    [
      'sizes that no network takes',
      () => sizesFrom('320,650'),
      'multiples of 32 up to 4096, as in 320,640,1024, got "320,650"',
    ],
    ['sizes beyond all memory', () => sizesFrom('32000'), 'up to 4096'],
    ['no size', () => sizesFrom(','), '--sizes must be multiples of 32'],
    ['a provider that is none', () => providersFrom('cpu,gpu'), '--providers: "gpu" is no execution provider'],
    ['no provider', () => providersFrom(''), '--providers must name one at least'],
    ['no time', () => secondsFrom('0'), '--seconds must be more than 0 and at most 600, got "0"'],
    ['a time that is none', () => secondsFrom('long'), 'got "long"'],
    ['an empty time', () => secondsFrom(' '), 'got " "'],
  ])('refuse %s', (_, parse, message) => {
    expect(parse).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(message) }));
  });
});
