import { describe, expect, it } from 'vitest';
import { demoSummary } from '../../cli/demo/demo-summary.ts';

const STOPS = 'Ctrl-C stops it; people and keys made here are gone then. "facegate serve" keeps them.';
const people = { enrolled: ['Ada', 'Ben', 'Chloe'], strangers: 4 };

describe('the summary of the demo', () => {
  it('says which film runs, who is known, and how to stop', () => {
    expect(demoSummary({ film: 'walk.mp4', people, starter: false })).toEqual([
      '  film     walk.mp4',
      '  known    Ada, Ben and Chloe (invented names); the door opens for Ada only',
      '  unknown  4 more, left out on purpose',
      STOPS,
    ]);
  });

  it('says plainly that starter models are used', () => {
    const said = demoSummary({ film: 'walk.mp4', people, starter: true }).join('\n');
    expect(said).toContain('models   starter models, which recognise less well');
  });

  it('says of a film without people that nobody is known', () => {
    const lines = demoSummary({ film: 'walk.mp4', people: { enrolled: [], strangers: 0 }, starter: false });
    expect(lines).toEqual(['  film     walk.mp4', '  known    nobody', STOPS]);
  });
});
