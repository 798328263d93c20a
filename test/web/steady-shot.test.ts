import { describe, expect, it } from 'vitest';
import type { LiveFace } from '../../web/src/api/live-message.ts';
import type { Guidance, Hint } from '../../web/src/enrol/guide-face.ts';
import { createSteadyShot } from '../../web/src/enrol/steady-shot.ts';

const say = (hint: Hint, quality = 0.6): Guidance => ({ hint, face: { quality } as LiveFace });

describe('createSteadyShot', () => {
  it('takes the best picture of a moment that was good throughout', () => {
    const steady = createSteadyShot<string>({ holdMs: 600 });
    expect(steady.push(say('good', 0.6), 'a', 0)).toBeNull();
    expect(steady.push(say('good', 0.9), 'b', 200)).toBeNull();
    expect(steady.progress).toBeCloseTo(1 / 3);
    expect(steady.push(say('good', 0.7), 'c', 400)).toBeNull();
    expect(steady.push(say('good', 0.8), 'd', 600)).toBe('b');
    expect(steady.progress).toBe(0);
  });

  it('begins anew with every frame that is not good', () => {
    const steady = createSteadyShot<string>({ holdMs: 400 });
    steady.push(say('good', 0.9), 'before', 0);
    steady.push(say('good'), 'before', 200);
    expect(steady.push(say('blurred'), 'x', 300)).toBeNull();
    expect(steady.progress).toBe(0);
    expect(steady.push(say('good', 0.5), 'after', 400)).toBeNull();
    expect(steady.push(say('good', 0.4), 'after', 600)).toBeNull();
    expect(steady.push(say('good', 0.4), 'after', 800)).toBe('after');
  });

  it('wants several frames, however slowly they come', () => {
    const steady = createSteadyShot<string>({ holdMs: 400, leastFrames: 3 });
    expect(steady.push(say('good'), 'a', 0)).toBeNull();
    expect(steady.push(say('good'), 'b', 2000)).toBeNull();
    expect(steady.push(say('good'), 'c', 4000)).toBe('a');
  });

  it('leaves a hint long enough to be read, but good news at once', () => {
    const steady = createSteadyShot<string>({ readMs: 700 });
    steady.push(say('too_small'), '', 0);
    steady.push(say('too_dark'), '', 300);
    expect(steady.hint).toBe('too_small');
    steady.push(say('too_dark'), '', 700);
    expect(steady.hint).toBe('too_dark');
    steady.push(say('good'), '', 800);
    expect(steady.hint).toBe('good');
  });
});
