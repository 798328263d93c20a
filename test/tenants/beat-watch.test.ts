import { describe, expect, it } from 'vitest';
import { BeatWatch, TICK_MS } from '../../tenants/beat-watch.ts';
import type { TenantState } from '../../tenants/tenant-contract.ts';

const ticksUntilKilled = (watch: BeatWatch, state: TenantState, letter: string | null, most = 200) => {
  for (let tick = 1; tick <= most; tick++) if (watch.tick(1, state, () => letter)) return tick;
  return null;
};

describe('BeatWatch', () => {
  it('has one killed that says nothing for four seconds', () => {
    const watch = new BeatWatch();
    expect((ticksUntilKilled(watch, 'ready', 'R') as number) * TICK_MS).toBe(4500);
    expect(watch.why()).toBe('has said nothing for 4.5 s');
  });

  it('counts from its last word', () => {
    const watch = new BeatWatch();
    for (let i = 0; i < 50; i++) {
      expect(ticksUntilKilled(watch, 'ready', 'S', 8)).toBeNull();
      watch.heard();
    }
  });

  it('has one killed that is stopped, within a second, also while it starts or closes', () => {
    for (const state of ['starting', 'ready', 'draining'] as const) {
      const watch = new BeatWatch();
      expect(ticksUntilKilled(watch, state, 'T')).toBe(2);
      expect(watch.why()).toBe('was stopped (SIGSTOP)');
    }
  });

  it('lets one be that was stopped for a moment', () => {
    const watch = new BeatWatch();
    expect(watch.tick(1, 'ready', () => 'T')).toBe(false);
    expect(watch.tick(1, 'ready', () => 'S')).toBe(false);
    expect(watch.tick(1, 'ready', () => 'T')).toBe(false);
  });

  it('gives one that starts a minute, and one that closes its own time', () => {
    expect((ticksUntilKilled(new BeatWatch(), 'starting', 'R') as number) * TICK_MS).toBe(60_500);
    expect(ticksUntilKilled(new BeatWatch(), 'draining', null)).toBeNull();
  });
});
