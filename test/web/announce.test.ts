import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { announce, announceFirst, announcement } from '../../web/src/state/announce.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.runAllTimers();
  vi.useRealTimers();
});

/** What is said from now on, in order. */
function said(): string[] {
  const texts: string[] = [];
  const stop = announcement.subscribe((text) => {
    if (text !== '') texts.push(text);
  });
  vi.runAllTimers();
  stop();
  return texts.filter((text, i) => text !== texts[i - 1]);
}

it('says one after the other, and leaves out what is no longer news', () => {
  for (let i = 1; i <= 7; i += 1) announce(`Denied ${i}`);
  expect(said()).toEqual(['Denied 1', 'Denied 4', 'Denied 5', 'Denied 6', 'Denied 7']);
});

it('says a lock-down before all that waits, and leaves none out', () => {
  for (let i = 1; i <= 3; i += 1) announce(`Denied ${i}`);
  for (let i = 1; i <= 6; i += 1) announceFirst(`Door ${i} is locked down`);
  for (let i = 4; i <= 9; i += 1) announce(`Denied ${i}`);
  const doors = [1, 2, 3, 4, 5, 6].map((i) => `Door ${i} is locked down`);
  expect(said()).toEqual(['Denied 1', ...doors, 'Denied 6', 'Denied 7', 'Denied 8', 'Denied 9']);
});
