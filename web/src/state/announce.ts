import { signal } from '@preact/signals';

/** What the polite live region says now. */
export const announcement = signal('');

const urgent: string[] = [];
const waiting: string[] = [];
let speaking = false;
const PAUSE_MS = 1500;
// More than this many are no longer news when their turn comes.
const MOST_WAITING = 4;

/** Says it to people who listen instead of look; one at a time, in order. */
export function announce(text: string): void {
  waiting.push(text);
  if (waiting.length > MOST_WAITING) waiting.shift();
  if (!speaking) speak();
}

/** The same before all that waits, and never left out. */
export function announceFirst(text: string): void {
  urgent.push(text);
  if (!speaking) speak();
}

function speak(): void {
  const text = urgent.shift() ?? waiting.shift();
  speaking = text !== undefined;
  if (text === undefined) return;
  // A region that is given the same text again says nothing: empty it first.
  announcement.value = '';
  setTimeout(() => {
    announcement.value = text;
  }, 50);
  setTimeout(speak, PAUSE_MS);
}
