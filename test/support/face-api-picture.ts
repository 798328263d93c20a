import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** One of the six pictures of real people in the npm package @vladmandic/face-api: 3, 3, 3, 4, 5 and 4 of them. */
export function faceApiPicture(number: 1 | 2 | 3 | 4 | 5 | 6): string {
  const root = dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'));
  return join(root, 'demo', `sample${number}.jpg`);
}
