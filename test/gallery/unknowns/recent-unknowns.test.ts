import { beforeEach, describe, expect, it } from 'vitest';
import { RecentUnknowns, type UnknownFace } from '../../../gallery/unknowns/recent-unknowns.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const WIDTH = 8;
const KEEP_MS = 600_000;
let clock: VirtualClock;
let gone: string[];

/** A unit vector at `degrees` from axis `who`, towards axis `towards`. */
function vector(who: number, degrees = 0, towards = who + 1): Float32Array {
  const made = new Float32Array(WIDTH);
  made[who] = Math.cos((degrees * Math.PI) / 180);
  made[towards % WIDTH] = Math.sin((degrees * Math.PI) / 180);
  return made;
}

function seen(who: Float32Array, o: Partial<Omit<UnknownFace, 'embedding'>> = {}): UnknownFace {
  return { embedding: { model: 'test', vector: who }, quality: 0.7, camera: 'front', frame: 1, ...o };
}

function unknowns(o: { maxGroups?: number; keepMs?: number } = {}): RecentUnknowns {
  return new RecentUnknowns({
    width: WIDTH,
    threshold: 0.5,
    keepMs: KEEP_MS,
    clock,
    onGone: (id) => gone.push(id),
    ...o,
  });
}

beforeEach(() => {
  clock = new VirtualClock();
  gone = [];
});

describe('RecentUnknowns', () => {
  it('takes faces above the threshold of one another for one person', () => {
    const held = unknowns();
    const first = held.note(seen(vector(0)));
    clock.advance(1000);
    const again = held.note(seen(vector(0, 50), { camera: 'yard', quality: 0.9 }));
    const other = held.note(seen(vector(3)));
    expect(again?.id).toBe(first?.id);
    expect(other?.id).not.toBe(first?.id);
    expect(held.list().map(({ id }) => id)).toEqual([other?.id, first?.id]);
    expect(held.get(first?.id as string)).toMatchObject({ sightings: 2, cameras: ['front', 'yard'] });
    expect(held.get(first?.id as string)?.best?.quality).toBe(0.9);
    const { firstSeenWallMs, lastSeenWallMs } = held.get(first?.id as string) ?? {};
    expect(Number(lastSeenWallMs) - Number(firstSeenWallMs)).toBe(1000);
  });

  it('chooses the most similar person where several are similar enough', () => {
    const held = unknowns();
    const a = held.note(seen(vector(0)));
    clock.advance(5000);
    const b = held.note(seen(vector(0, 70)));
    clock.advance(5000);
    expect(held.note(seen(vector(0, 20)))?.id).toBe(a?.id);
    clock.advance(5000);
    expect(held.note(seen(vector(0, 55)))?.id).toBe(b?.id);
  });

  it('keeps five faces, the best ones, and none that is nearly equal to a better one', () => {
    const held = unknowns();
    const id = held.note(seen(vector(0), { quality: 0.5 }))?.id as string;
    for (let i = 0; i < 20; i += 1) held.note(seen(vector(0, 1, 1), { quality: 0.4 }));
    expect(held.get(id)?.faces.length).toBe(1);
    for (const [towards, quality] of [0.6, 0.61, 0.62, 0.63, 0.64, 0.65].entries()) {
      held.note(seen(vector(0, 40, towards + 1), { quality }));
    }
    expect(held.get(id)?.faces.map((face) => face.quality)).toEqual([0.65, 0.64, 0.63, 0.62, 0.61]);
    expect(held.get(id)?.sightings).toBe(27);
  });

  it('merges two when a face shows that they are one, and the first id stays', () => {
    const held = unknowns();
    const first = held.note(seen(vector(0)))?.id;
    clock.advance(10);
    const second = held.note(seen(vector(0, 65), { camera: 'yard' }))?.id;
    expect(second).not.toBe(first);
    clock.advance(10);
    // Between them; with it, the pairs of the two are alike on average.
    const between = held.note(seen(vector(0, 33), { quality: 0.9, camera: 'yard' }));
    expect(between?.id).toBe(first);
    expect(gone).toEqual([second]);
    expect(held.get(first as string)).toMatchObject({ sightings: 3, cameras: ['front', 'yard'] });
  });

  it('does not make two people one because a single face lies between them', () => {
    const held = unknowns();
    held.note(seen(vector(0)));
    held.note(seen(vector(0, 110)));
    held.note(seen(vector(0, 55)));
    expect(held.size).toBe(2);
  });

  it('forgets a person when the last face is older than it may be held, and overwrites it', () => {
    const held = unknowns();
    const id = held.note(seen(vector(0)))?.id as string;
    const face = held.get(id)?.best;
    const jpeg = Buffer.from('a face');
    if (face) face.picture = jpeg;
    clock.advance(KEEP_MS);
    held.expire();
    expect(held.get(id)).not.toBeNull();
    clock.advance(1);
    held.expire();
    expect(held.size).toBe(0);
    expect(gone).toEqual([id]);
    expect([...(face?.vector ?? [1])]).toEqual(new Array(WIDTH).fill(0));
    expect(jpeg.every((byte) => byte === 0)).toBe(true);
  });

  it('holds no single face for longer, however long the person stays, and the person keeps the id', () => {
    const held = unknowns();
    const ids = new Set<string | undefined>();
    let picture: Buffer | null = null;
    for (let second = 0; second < 3600; second += 10) {
      clock.advance(10_000);
      // The first picture was the best one.
      const noted = held.note(seen(vector(0, second % 20), { quality: second === 0 ? 0.99 : 0.6, frame: second }));
      ids.add(noted?.id);
      if (noted?.onPicture) {
        picture = Buffer.from('picture');
        noted.onPicture(picture);
      }
      held.expire();
      for (const { seenAtMs } of held.list()[0]?.faces ?? []) {
        expect(clock.monotonicMs() - seenAtMs).toBeLessThanOrEqual(KEEP_MS);
      }
      expect(held.list()[0]?.pictured).not.toBeNull();
    }
    expect(ids.size).toBe(1);
    expect(picture).not.toBeNull();
  });

  it('asks for a picture of the first face, and of one that is clearly better', () => {
    const held = unknowns();
    const first = held.note(seen(vector(0), { quality: 0.5 }));
    first?.onPicture?.(Buffer.from('first'));
    expect(held.note(seen(vector(0, 1), { quality: 0.52 }))?.onPicture).toBeNull();
    const better = held.note(seen(vector(0, 1), { quality: 0.7 }));
    // Until it is made, the picture of the nearly equal face stands in.
    expect(held.list()[0]?.pictured?.picture?.toString()).toBe('first');
    better?.onPicture?.(Buffer.from('better'));
    expect(held.list()[0]?.pictured?.picture?.toString()).toBe('better');
  });

  it('wipes a picture that comes too late', () => {
    const held = unknowns();
    const noted = held.note(seen(vector(0)));
    held.remove(noted?.id as string);
    const jpeg = Buffer.from('late');
    noted?.onPicture?.(jpeg);
    expect(jpeg.every((byte) => byte === 0)).toBe(true);
  });

  it('lets go of whoever looks like somebody who was enrolled', () => {
    const held = unknowns();
    held.note(seen(vector(0)));
    const other = held.note(seen(vector(4)))?.id;
    held.enrolled({ model: 'test', vector: vector(0, 30) });
    expect(held.list().map(({ id }) => id)).toEqual([other]);
  });

  it('takes a bad picture back when the person is recognised at the same camera a moment later', () => {
    const held = unknowns();
    held.note(seen(vector(0)));
    held.note(seen(vector(2), { camera: 'yard' }));
    held.recognised({ model: 'test', vector: vector(0, 40) }, 'yard');
    expect(held.size).toBe(2);
    held.recognised({ model: 'test', vector: vector(0, 40) }, 'front');
    expect(held.list().map((group) => group.cameras)).toEqual([['yard']]);
    clock.advance(15_001);
    held.recognised({ model: 'test', vector: vector(2) }, 'yard');
    expect(held.size).toBe(1);
  });

  it('can still be asked for whom the list no longer shows, for two minutes: somebody may be typing a name', () => {
    const held = unknowns();
    const id = held.note(seen(vector(0)))!.id;
    held.recognised({ model: 'test', vector: vector(0, 40) }, 'front');
    expect(held.list()).toEqual([]);
    expect(gone).toEqual([id]);
    expect(held.get(id)?.best).not.toBeNull();
    clock.advance(119_000);
    expect(held.get(id)).not.toBeNull();
    clock.advance(1001);
    expect(held.get(id)).toBeNull();
  });

  it('shows again who was unknown again before that', () => {
    const held = unknowns();
    const id = held.note(seen(vector(0)))!.id;
    held.recognised({ model: 'test', vector: vector(0, 40) }, 'front');
    expect(held.note(seen(vector(0)))!.id).toBe(id);
    expect(held.list().map((group) => group.id)).toEqual([id]);
  });

  it('holds so many people at most; those not seen for the longest go first', () => {
    const held = unknowns({ maxGroups: 3 });
    const ids = [0, 2, 4].map((who) => held.note(seen(vector(who)))?.id);
    held.note(seen(vector(0)));
    held.note(seen(vector(6)));
    expect(gone).toEqual([ids[1]]);
    expect(held.size).toBe(3);
  });

  it('knows who was in front of which camera around a frame', () => {
    const held = unknowns();
    held.note(seen(vector(0), { frame: 100 }));
    held.note(seen(vector(0), { frame: 110 }));
    held.note(seen(vector(0), { frame: 500 }));
    const [group] = held.list();
    const frames = [99, 100, 105, 110, 111, 500];
    expect(frames.map((frame) => group?.wasSeenIn('front', frame))).toEqual([false, true, true, true, false, true]);
    expect(group?.wasSeenIn('yard', 105)).toBe(false);
  });

  it.each([
    ['zero', new Float32Array(WIDTH)],
    ['not a number', new Float32Array(WIDTH).fill(Number.NaN)],
    ['of another width', new Float32Array([1, 0])],
  ])('takes no embedding that is %s', (_, bad) => {
    const held = unknowns();
    expect(held.note(seen(bad))).toBeNull();
    held.enrolled({ model: 'test', vector: bad });
    held.recognised({ model: 'test', vector: bad }, 'front');
    expect(held.size).toBe(0);
  });

  it('overwrites everything when it is cleared', () => {
    const held = unknowns();
    const mine = vector(0);
    held.note(seen(mine));
    const kept = held.list()[0]?.best?.vector;
    held.clear();
    expect(kept?.every((value) => value === 0)).toBe(true);
    // The frame's own embedding is the caller's.
    expect(mine[0]).toBe(1);
  });
});
