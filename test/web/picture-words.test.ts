import { describe, expect, it } from 'vitest';
import { ApiError } from '../../web/src/api/api-error.ts';
import { pictureWords } from '../../web/src/events/picture-words.ts';

describe('where there is no picture of an event', () => {
  it.each([
    ['SNAPSHOT_NOT_FOUND', 404, 'The picture is no longer kept.'],
    ['IMAGE_CORRUPT', 422, 'The picture is damaged.'],
  ])('%s is said in words', (code, status, words) => {
    expect(pictureWords(new ApiError(code, status, 'there is no picture of event 0198…'))).toBe(words);
  });

  it('anything else in the server’s own', () => {
    expect(pictureWords(new ApiError('UNREACHABLE', 0, 'The server cannot be reached.'))).toContain(
      'cannot be reached',
    );
  });
});
