import { describe, expect, it } from 'vitest';
import { networksOverloaded } from '../../bench/live/overloaded-networks.ts';

/** Two cores as they were measured: a camera's decoding, and networks with five faces a picture. */
const machine = { cores: 2, decodingCores: 0.171, networkMs: 42, filmFps: 25 };

describe('an overload of the networks', () => {
  it('leaves them half of the cores, and asks for twice what they can do there', () => {
    const load = networksOverloaded(machine);
    expect(load).toMatchObject({ cameras: 5, fps: 8.33 });
    expect(load.decodingCores).toBeCloseTo(0.855);
    expect(load.enoughForFps).toBeCloseTo(22.5, 1);
    expect((load.cameras * load.fps) / load.enoughForFps).toBeCloseTo(1.85, 1);
  });

  it('has more cameras on more cores, and asks as much of each', () => {
    expect(networksOverloaded({ ...machine, cores: 32 })).toMatchObject({ cameras: 93, fps: 6.25 });
    expect(networksOverloaded({ ...machine, cores: 64 })).toMatchObject({ cameras: 187, fps: 6.25 });
  });

  it.each([
    ['two cameras, where half of the cores decode one', { decodingCores: 0.7 }, { cameras: 2, fps: 8.33 }],
    ['every second frame, where the networks are faster', { networkMs: 30 }, { cameras: 5, fps: 12.5 }],
    ['no more than the film has, of more cameras', { networkMs: 5 }, { cameras: 8, fps: 25 }],
    ['no fewer than the other parts ask for', { networkMs: 400 }, { cameras: 5, fps: 5 }],
    ['fewer of each camera, where more cameras are given', { cameras: 8 }, { cameras: 8, fps: 5 }],
    ['more of each, where fewer are given', { cameras: 2 }, { cameras: 2, fps: 25 }],
    ['as many frames as are given, of more cameras', { fps: 7 }, { cameras: 6, fps: 7 }],
    ['something of more cameras than can be decoded', { cameras: 20 }, { cameras: 20, fps: 5, enoughForFps: 0 }],
  ])('asks for %s', (_, given, load) => {
    expect(networksOverloaded({ ...machine, ...given })).toMatchObject(load);
  });
});
