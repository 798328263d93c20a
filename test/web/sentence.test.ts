import { describe, expect, it } from 'vitest';
import { sentence } from '../../web/src/ui/sentence.ts';

describe('sentence', () => {
  it.each([
    ['nothing listens at camera 10.0.0.5:554', 'Nothing listens at camera 10.0.0.5:554.'],
    ['ffmpeg 3.4 is too old', 'ffmpeg 3.4 is too old.'],
    ['http://10.0.0.5 refused it', 'http://10.0.0.5 refused it.'],
    [' The camera is away… ', 'The camera is away…'],
  ])('makes %j %j', (text, made) => {
    expect(sentence(text)).toBe(made);
  });
});
