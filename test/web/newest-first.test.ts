import { expect, it } from 'vitest';
import { createNewestFirst } from '../../web/src/wall/newest-first.ts';

/** Work that ends when it is told to. */
function slowWork() {
  const started: string[] = [];
  let finish: Array<(error?: Error) => void> = [];
  const player = createNewestFirst<string>((item) => {
    started.push(item);
    return new Promise((resolve, reject) => finish.push((error) => (error ? reject(error) : resolve())));
  });
  const done = async (error?: Error) => {
    const [next, ...rest] = finish;
    finish = rest;
    next?.(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { player, started, done };
}

it('lets the newest wait and drops the older ones', async () => {
  const { player, started, done } = slowWork();
  for (const item of ['a', 'b', 'c', 'd']) player.push(item);
  expect(started).toEqual(['a']);
  await done();
  expect(started).toEqual(['a', 'd']);
  await done();
  player.push('e');
  expect(started).toEqual(['a', 'd', 'e']);
});

it('goes on after one that does not decode', async () => {
  const { player, started, done } = slowWork();
  player.push('broken');
  player.push('next');
  await done(new Error('not a picture'));
  expect(started).toEqual(['broken', 'next']);
});

it('does nothing more once it is stopped', async () => {
  const { player, started, done } = slowWork();
  player.push('a');
  player.push('b');
  player.stop();
  await done();
  player.push('c');
  expect(started).toEqual(['a']);
});
