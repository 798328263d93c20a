import { describe, expect, it } from 'vitest';
import { createDoor, type Door } from '../../access/door.ts';
import { type DoorSettings, type Schedules, settingsSchema } from '../../config/settings-schema.ts';
import type { EventDraft } from '../../pipeline/access-event.ts';
import type { UnfitReason } from '../../pipeline/face.ts';
import type { FrameResult } from '../../pipeline/frame-result.ts';
import { idOf, knownFace, Scene, type SceneFrame, unknownFace } from '../support/scene.ts';

const BOX = [100, 100, 200, 200] as const;
const ELSEWHERE = [600, 100, 700, 200] as const;

/** The door `lobby` on the camera `front`, for Ada: 3 matches within 1.5 s, maxAge 500 ms, cooldown 5 s. */
function lobby(fields: Record<string, unknown> = {}, schedules: Schedules = {}) {
  const scene = new Scene();
  const { doors } = settingsSchema.parse({ doors: [{ id: 'lobby', cameras: ['front'], allow: ['Ada'], ...fields }] });
  const door = createDoor(doors[0] as (typeof doors)[number], { clock: scene.clock, schedules });
  return { scene, door };
}

const said = (drafts: EventDraft[]) =>
  drafts.map(({ type, subject, reason }) => `${type}:${subject?.name ?? '-'}${reason ? `:${reason}` : ''}`);

/** Shows the door a result every 200 ms. */
function show(
  { scene, door }: { scene: Scene; door: Door },
  count: number,
  faces: FrameResult['faces'] | ((n: number) => FrameResult['faces']),
  fields: SceneFrame | ((n: number) => SceneFrame) = {},
): string[] {
  return Array.from({ length: count }, (_, n) => {
    scene.clock.advance(200);
    const shown = typeof faces === 'function' ? faces(n) : faces;
    return said(door.decide(scene.result(shown, typeof fields === 'function' ? fields(n) : fields)));
  }).flat();
}

describe('a door', () => {
  it('grants who is on its list at the third picture, and says all there is to say', () => {
    const { scene, door } = lobby();
    const drafts = [0, 1, 2].map(() => {
      scene.clock.advance(200);
      return door.decide(scene.result([knownFace('Ada')], { ageMs: 40, analysisMs: 60 }));
    });
    expect(drafts.map((list) => list.length)).toEqual([0, 0, 1]);
    const wallMs = scene.clock.wallMs();
    expect(drafts[2]).toEqual([
      {
        type: 'access.granted',
        door: 'lobby',
        camera: 'front',
        subject: { id: idOf('Ada'), name: 'Ada' },
        similarity: 0.71,
        threshold: 0.45,
        margin: 0.22,
        quality: 0.83,
        reason: null,
        frameSequence: 3,
        capturedAtMs: wallMs - 100,
        decidedAtMs: wallMs,
        expiresAtMs: wallMs - 100 + 2000,
        box: [100, 100, 200, 200],
      },
    ]);
    expect(door.stats()).toEqual({ granted: 1, denied: 0, stale: 0, degraded: 0, broken: 0 });
  });

  it('denies, with the reason, somebody known who is not on its list', () => {
    const { scene, door } = lobby();
    expect(show({ scene, door }, 2, [knownFace('Eve')])).toEqual([]);
    scene.clock.advance(200);
    expect(door.decide(scene.result([knownFace('Eve')]))).toEqual([
      expect.objectContaining({
        type: 'access.denied',
        reason: 'not_allowed',
        subject: { id: idOf('Eve'), name: 'Eve' },
        similarity: 0.71,
        frameSequence: 3,
        expiresAtMs: null,
      }),
    ]);
    expect(door.stats()).toMatchObject({ granted: 0, denied: 1 });
  });

  it('denies a stranger once in a cooldown', () => {
    const rig = lobby();
    expect(show(rig, 2, [unknownFace()])).toEqual([]);
    rig.scene.clock.advance(200);
    expect(rig.door.decide(rig.scene.result([unknownFace()]))).toEqual([
      expect.objectContaining({
        type: 'access.denied',
        reason: 'unknown',
        subject: null,
        similarity: 0.12,
        quality: 0.83,
      }),
    ]);
    expect(show(rig, 24, [unknownFace()])).toEqual([]);
    expect(show(rig, 3, [unknownFace()])).toEqual(['access.denied:-:unknown']);
  });

  it.each([
    ['the name', ['Ada'], true],
    ['the name in another case', [' ADA '], true],
    ['the id', [idOf('Ada')], true],
    ['the id in capitals', [idOf('Ada').toUpperCase()], true],
    ['others', ['Bob', idOf('Eve')], false],
    ['a part of the name', ['Ad', 'Adaa'], false],
    ['a star', ['*'], false],
    ['blanks', [' '], false],
    ['nobody', [], false],
  ])('with %s on its list', (_, allow, opens) => {
    expect(show(lobby({ allow }), 3, [knownFace('Ada')])).toEqual([
      opens ? 'access.granted:Ada' : 'access.denied:Ada:not_allowed',
    ]);
  });

  it('takes no name for an id', () => {
    const impostor = knownFace('Eve', { subject: { id: idOf('Eve'), name: idOf('Ada') } });
    expect(show(lobby({ allow: [idOf('Ada')] }), 3, [impostor])).toHaveLength(1);
    expect(show(lobby({ allow: [idOf('Ada')] }), 3, [impostor])[0]).toMatch(/^access\.denied/);
  });

  it('is silent about a subject for its cooldown, and then asks for a whole new confirmation', () => {
    const rig = lobby();
    expect(show(rig, 3, [knownFace('Ada')])).toEqual(['access.granted:Ada']);
    expect(show(rig, 24, [knownFace('Ada')])).toEqual([]);
    expect(show(rig, 2, [knownFace('Ada')])).toEqual([]);
    expect(show(rig, 1, [knownFace('Ada')])).toEqual(['access.granted:Ada']);
  });

  it('is not silent about others meanwhile', () => {
    const rig = lobby({ allow: ['Ada', 'Bob'] });
    expect(show(rig, 3, [knownFace('Ada')])).toEqual(['access.granted:Ada']);
    expect(show(rig, 3, [knownFace('Bob')])).toEqual(['access.granted:Bob']);
  });

  it('answers each person in one picture', () => {
    const faces = [knownFace('Ada'), knownFace('Eve', { box: ELSEWHERE }), unknownFace({ box: [300, 300, 400, 400] })];
    expect(show(lobby(), 3, faces)).toEqual([
      'access.granted:Ada',
      'access.denied:Eve:not_allowed',
      'access.denied:-:unknown',
    ]);
  });

  it('counts a subject once in a picture, by the more similar face', () => {
    const rig = lobby({ confirm: { matches: 2, within: '1500ms' } });
    const twice = [knownFace('Ada', { similarity: 0.5 }), knownFace('Ada', { similarity: 0.8, box: ELSEWHERE })];
    expect(show(rig, 1, twice)).toEqual([]);
    rig.scene.clock.advance(200);
    expect(rig.door.decide(rig.scene.result(twice))).toEqual([expect.objectContaining({ similarity: 0.8 })]);
  });

  it('confirms on each of its cameras by itself, and is silent on all after a decision', () => {
    const rig = lobby({ cameras: ['front', 'back'] });
    const inTurn = (n: number): SceneFrame => ({ cameraId: n % 2 === 0 ? 'front' : 'back' });
    expect(show(rig, 4, [knownFace('Ada')], inTurn)).toEqual([]);
    expect(show(rig, 4, [knownFace('Ada')], inTurn)).toEqual(['access.granted:Ada']);
  });

  it('does not take a bad picture of somebody for a stranger', () => {
    const rig = lobby({ allow: [] });
    const flickering = (n: number) => [
      n % 4 === 0 ? knownFace('Ada', { box: BOX }) : unknownFace({ box: [120, 110, 220, 210] }),
    ];
    expect(show(rig, 18, flickering)).toEqual([]);
  });

  it('sees a stranger beside somebody it knows', () => {
    const both = [knownFace('Ada', { box: BOX }), unknownFace({ box: ELSEWHERE })];
    expect(show(lobby(), 3, both)).toEqual(['access.granted:Ada', 'access.denied:-:unknown']);
  });

  it('takes a stranger for one who stands where somebody stood a while ago', () => {
    const rig = lobby();
    expect(show(rig, 1, [knownFace('Ada', { box: BOX })])).toEqual([]);
    rig.scene.clock.advance(1400);
    expect(show(rig, 3, [unknownFace({ box: BOX })])).toEqual(['access.denied:-:unknown']);
  });

  const unfitFace = (unfit: UnfitReason, fields = {}) =>
    knownFace('nobody', {
      status: 'unfit',
      subject: null,
      unfit,
      reason: unfit,
      similarity: null,
      margin: null,
      ...fields,
    });

  it('denies whoever stands there and cannot be recognised', () => {
    expect(show(lobby(), 9, [unfitFace('blurred', { quality: 0.1 })])).toEqual(['access.denied:-:unfit']);
    expect(show(lobby(), 9, [unfitFace('not_embedded', { quality: null })])).toEqual(['access.denied:-:unfit']);
  });

  it.each(['too_small', 'cut_off'] as const)('says nothing about somebody who is not there yet (%s)', (unfit) => {
    expect(show(lobby(), 9, [unfitFace(unfit)])).toEqual([]);
  });

  it('does not take a bad picture of somebody for another person who cannot be recognised', () => {
    const flickering = (n: number) => [n % 4 === 0 ? unknownFace({ box: BOX }) : unfitFace('blurred', { box: BOX })];
    expect(show(lobby(), 18, flickering)).toEqual([]);
  });

  it('denies, by name, somebody whose time is over', () => {
    const lapsed = { id: idOf('Ada'), name: 'Ada' };
    const rig = lobby();
    expect(show(rig, 12, [unknownFace({ reason: 'expired', lapsed, similarity: 0.7 })])).toEqual([
      'access.denied:Ada:expired',
    ]);
    // A new validity takes effect at once.
    expect(show(rig, 3, [knownFace('Ada')])).toEqual(['access.granted:Ada']);
  });

  describe('that asks for liveness', () => {
    const live = (liveness: number) => [knownFace('Ada', { scores: { liveness } })];
    const real = live(0.9);

    it('opens for a live face, and not for one that was not judged', () => {
      expect(show(lobby({ liveness: true }), 3, real)).toEqual(['access.granted:Ada']);
      expect(show(lobby({ liveness: true }), 6, [knownFace('Ada')])).toEqual(['access.denied:Ada:spoof']);
      expect(show(lobby({ liveness: true }), 6, live(Number.NaN))).toEqual(['access.denied:Ada:spoof']);
      expect(show(lobby({ liveness: true }), 6, live(0.49))).toEqual(['access.denied:Ada:spoof']);
      expect(show(lobby(), 3, live(0))).toEqual(['access.granted:Ada']);
    });

    it('begins anew after each picture that is none of a live face', () => {
      const rig = lobby({ liveness: true, confirm: { matches: 3, within: '3s' } });
      expect(show(rig, 12, (n) => (n % 3 === 2 ? live(0.1) : real))).not.toContain('access.granted:Ada');
      expect(show(rig, 3, real)).toEqual(['access.granted:Ada']);
    });

    it('is not held up by a photo that somebody else held up before', () => {
      const rig = lobby({ liveness: true });
      expect(show(rig, 3, live(0))).toEqual(['access.denied:Ada:spoof']);
      expect(show(rig, 3, real)).toEqual(['access.granted:Ada']);
    });

    it('opens not where a live face and a photo of it are in one picture', () => {
      const photo = knownFace('Ada', { scores: { liveness: 0.01 }, similarity: 0.5, box: ELSEWHERE });
      expect(show(lobby({ liveness: true }), 6, [...real, photo])).toEqual(['access.denied:Ada:spoof']);
      expect(show(lobby({ liveness: true }), 6, [photo, ...real])).toEqual(['access.denied:Ada:spoof']);
    });
  });

  describe('with groups and schedules', () => {
    // The scene begins on Saturday 2026-11-21 at 09:00 UTC, which is 10:00 in Berlin.
    const schedules = settingsSchema.parse({
      schedules: {
        now: { timeZone: 'Europe/Berlin', times: [{ days: ['sat'], from: '09:30', until: '10:30' }] },
        later: { timeZone: 'Europe/Berlin', times: [{ from: '11:00', until: '12:00' }] },
      },
    }).schedules;
    const grace = (groups: string[]) => [knownFace('Grace', { groups })];

    it.each<[string, Record<string, unknown>, string[], string]>([
      ['of a group that is allowed', { allow: [{ group: 'staff' }] }, ['Staff', 'x'], 'access.granted:Grace'],
      ['of another group', { allow: [{ group: 'staff' }] }, ['staff2'], 'access.denied:Grace:not_allowed'],
      ['of no group', { allow: [{ group: 'staff' }] }, [], 'access.denied:Grace:not_allowed'],
      ['of a group that bears their name', { allow: [{ group: 'grace' }] }, [], 'access.denied:Grace:not_allowed'],
      ['a group called as an entry', { allow: ['staff'] }, ['staff'], 'access.denied:Grace:not_allowed'],
      ['at their time', { allow: [{ group: 'staff', schedule: 'now' }] }, ['staff'], 'access.granted:Grace'],
      [
        'at another time',
        { allow: [{ group: 'staff', schedule: 'later' }] },
        ['staff'],
        'access.denied:Grace:outside_schedule',
      ],
      [
        'by one entry of several',
        {
          allow: [
            { group: 'staff', schedule: 'later' },
            { subject: 'Grace', schedule: 'now' },
          ],
        },
        ['staff'],
        'access.granted:Grace',
      ],
      ['while the door opens', { allow: ['Grace'], schedule: 'now' }, [], 'access.granted:Grace'],
      ['while the door does not', { allow: ['Grace'], schedule: 'later' }, [], 'access.denied:Grace:outside_schedule'],
      [
        'by a schedule that is not there',
        { allow: ['Grace'], schedule: 'never' },
        [],
        'access.denied:Grace:outside_schedule',
      ],
      [
        'by one called like what objects have',
        { allow: ['Grace'], schedule: 'constructor' },
        [],
        'access.denied:Grace:outside_schedule',
      ],
    ])('answers somebody %s', (_, settings, groups, answer) => {
      expect(show(lobby(settings, schedules), 3, grace(groups))).toEqual([answer]);
    });

    it('opens as soon as it is time, whatever it said before', () => {
      const rig = lobby({ allow: ['Grace'], schedule: 'later', cooldown: '1h' }, schedules);
      rig.scene.clock.advance(3_600_000 - 1300);
      expect(show(rig, 6, grace([]))).toEqual(['access.denied:Grace:outside_schedule']);
      expect(show(rig, 3, grace([]))).toEqual(['access.granted:Grace']);
    });
  });

  it('opens for nobody while it is locked down, says so, and counts anew afterwards', () => {
    const { scene, door } = lobby({ cooldown: '1h' });
    const faces = [knownFace('Ada'), knownFace('Eve', { box: ELSEWHERE }), unknownFace({ box: [300, 300, 400, 400] })];
    const under = (lockedDown: boolean) => {
      scene.clock.advance(200);
      return said(door.decide(scene.result(faces), { lockedDown, clockDoubtful: false }));
    };
    const locked = Array.from({ length: 12 }, () => under(true)).flat();
    expect(locked.sort()).toEqual([
      'access.denied:-:locked_down',
      'access.denied:Ada:locked_down',
      'access.denied:Eve:locked_down',
    ]);
    door.startAnew();
    expect([under(false), under(false)].flat()).toEqual([]);
    expect(under(false)).toEqual(['access.granted:Ada', 'access.denied:Eve:not_allowed', 'access.denied:-:unknown']);
  });

  it('decides nothing while the clock is in doubt', () => {
    const { scene, door } = lobby();
    const drafts = Array.from({ length: 12 }, () => {
      scene.clock.advance(200);
      return said(door.decide(scene.result([knownFace('Ada')]), { lockedDown: false, clockDoubtful: true }));
    });
    expect(drafts.flat()).toEqual(['access.denied:Ada:degraded']);
  });

  it('remembers under other settings for whom it opened lately', () => {
    const rig = lobby();
    expect(show(rig, 3, [knownFace('Ada')])).toEqual(['access.granted:Ada']);
    const settings = settingsSchema.parse({ doors: [{ id: 'lobby', cameras: ['front'], allow: ['Ada', 'Bob'] }] })
      .doors[0];
    const next = { ...rig, door: rig.door.succeededBy(settings as DoorSettings, {}) };
    expect(show(next, 6, [knownFace('Ada'), knownFace('Bob', { box: ELSEWHERE })])).toEqual(['access.granted:Bob']);
    expect(next.door.stats().granted).toBe(2);
  });

  /** What a door says in the table below; of everything else it says nothing. */
  const DENIED: Readonly<Record<string, string>> = {
    'a degraded picture': 'access.denied:Ada:degraded',
    'a picture that was old when it came': 'access.denied:Ada:stale',
    'a picture that became old in the networks': 'access.denied:Ada:stale',
    'a moment that is long ago': 'access.denied:Ada:stale',
    'a face that is called known and unfit': 'access.denied:-:unfit',
  };

  const ada = [knownFace('Ada')];
  const face = (fields: Parameters<typeof knownFace>[1]) => [knownFace('Ada', fields)];
  it.each<[string, FrameResult['faces'] | ((n: number) => FrameResult['faces']), ((n: number) => SceneFrame)?]>([
    ['a degraded picture', ada, () => ({ degraded: true })],
    ['a picture that was old when it came', ada, () => ({ ageMs: 441 })],
    ['a picture that became old in the networks', ada, () => ({ analysisMs: 461 })],
    ['an age that is not a number', ada, () => ({ ageMs: Number.NaN })],
    ['an age below zero', ada, () => ({ ageMs: -1 })],
    ['an arrival that is not a number', ada, () => ({ arrivedAtMs: Number.NaN })],
    ['an arrival in the future', ada, () => ({ analysisMs: -5 })],
    ['a moment that is not a number', ada, () => ({ capturedAtMs: Number.NaN })],
    ['a moment that is long ago', ada, () => ({ capturedAtMs: 0 })],
    ['one picture again and again', ada, () => ({ ptsSeconds: 7 })],
    ['one frame again and again', ada, () => ({ sequence: 7, ptsSeconds: null })],
    ['a PTS that runs ten times too fast', ada, (n) => ({ ptsSeconds: n * 2 })],
    ['a new connection for each picture', ada, (n) => ({ connection: n + 1 })],
    ['a camera of another door', ada, () => ({ cameraId: 'back' })],
    ['a similarity that is not a number', face({ similarity: Number.NaN })],
    ['a similarity that is missing', face({ similarity: null })],
    ['a similarity below the threshold', face({ similarity: 0.44 })],
    ['a similarity that is infinite', face({ similarity: Number.POSITIVE_INFINITY })],
    ['a margin that is not a number', face({ margin: Number.NaN })],
    ['a margin that is missing', face({ margin: null })],
    ['a margin below zero', face({ margin: -0.01 })],
    ['a quality that is not a number', face({ quality: Number.NaN })],
    ['a quality that was not measured', face({ quality: null })],
    ['a face that is called known and unfit', face({ unfit: 'low_quality' })],
    ['a known face of nobody', face({ subject: null })],
    ['a subject without an id', face({ subject: { id: '', name: 'Ada' } })],
    ['a subject without a name', face({ subject: { id: idOf('Ada'), name: '' } })],
    ['no face at all', []],
    ['two in turn', (n) => (n % 2 === 0 ? ada : [])],
  ])('opens not for %s, and opens before and after', (what, faces, fields = () => ({})) => {
    // `two in turn` comes every 400 ms: at most two pictures within a window of 700 ms.
    const within = what === 'two in turn' ? '700ms' : '1500ms';
    const rig = lobby({ confirm: { matches: 3, within } });
    expect(show(rig, 3, [knownFace('Ada')])).toEqual(['access.granted:Ada']);
    rig.scene.clock.advance(6000);
    expect(show(rig, 12, faces, fields)).toEqual(DENIED[what] ? [DENIED[what]] : []);
    rig.scene.clock.advance(6000);
    expect(show(rig, 3, [knownFace('Ada')])).toEqual(['access.granted:Ada']);
  });

  it('opens not when the threshold is not a number', () => {
    const { scene, door } = lobby();
    for (let n = 0; n < 6; n += 1) {
      scene.clock.advance(200);
      expect(door.decide({ ...scene.result([knownFace('Ada')]), threshold: Number.NaN })).toEqual([]);
    }
  });

  it('counts the pictures it could not decide on, if there was somebody in them', () => {
    const rig = lobby();
    show(rig, 2, [knownFace('Ada')], { ageMs: 5000 });
    show(rig, 3, [unknownFace()], { degraded: true });
    show(rig, 1, [unknownFace()], { ageMs: Number.NaN });
    show(rig, 4, [], { ageMs: 5000 });
    expect(rig.door.stats()).toEqual({ granted: 0, denied: 1, stale: 2, degraded: 3, broken: 1 });
  });

  it('never grants for longer than two seconds after the picture was taken, whatever maxAge is', () => {
    const rig = lobby({ maxAge: '10s', confirm: { matches: 1, within: '10s' }, cooldown: '0s' });
    const { scene, door } = rig;
    for (const ageMs of [0, 500, 1000, 1500, 1990, 2000, 2500, 9000]) {
      scene.clock.advance(10_000);
      const drafts = door.decide(scene.result([knownFace('Ada')], { ageMs, analysisMs: 0 }));
      expect(said(drafts)).toEqual([ageMs < 2000 ? 'access.granted:Ada' : 'access.denied:Ada:stale']);
      for (const { type, expiresAtMs } of drafts) {
        if (type === 'access.granted') expect(expiresAtMs).toBe(scene.clock.wallMs() - ageMs + 2000);
      }
    }
    expect(door.stats()).toMatchObject({ granted: 5, stale: 3 });
  });

  describe('when somebody sets the clock', () => {
    it('confirms no sooner: matches taken too far apart stay so', () => {
      const rig = lobby();
      for (let n = 0; n < 6; n += 1) {
        rig.scene.clock.advance(1000);
        rig.scene.clock.stepWall(-1000);
        expect(said(rig.door.decide(rig.scene.result([knownFace('Ada')])))).toEqual([]);
      }
    });

    it.each([[-3_600_000], [-1500], [1500], [3_600_000]])(
      'by %i ms between taking and deciding, lets no grant live longer than from the earlier of the two',
      (stepMs) => {
        const { scene, door } = lobby();
        show({ scene, door }, 2, [knownFace('Ada')]);
        scene.clock.advance(200);
        const result = scene.result([knownFace('Ada')], { ageMs: 40, analysisMs: 60 });
        scene.clock.stepWall(stepMs);
        const drafts = door.decide(result);
        const wallMs = scene.clock.wallMs();
        for (const { expiresAtMs } of drafts) {
          expect(expiresAtMs).toBe(Math.min(result.frame.capturedAtMs, wallMs - 100) + 2000);
        }
        // Set so far ahead that the grant would be void at once, there is none.
        expect(drafts).toHaveLength(stepMs < 1900 ? 1 : 0);
      },
    );

    it('does not end a cooldown', () => {
      const rig = lobby();
      expect(show(rig, 3, [knownFace('Ada')])).toEqual(['access.granted:Ada']);
      rig.scene.clock.stepWall(3_600_000);
      expect(show(rig, 10, [knownFace('Ada')])).toEqual([]);
    });
  });

  describe('when the server was stopped for 10 s and gets the backlog in one burst', () => {
    /** Frames 200 ms apart, ages 10 s … 0 s, all decided on within 50 ms. */
    const burst = (showsAda: (ageMs: number) => boolean) => {
      const { scene, door } = lobby();
      scene.clock.advance(60_000);
      const arrivedMs = scene.clock.monotonicMs();
      const decisions: { ageMs: number; drafts: EventDraft[] }[] = [];
      for (let ageMs = 10_000; ageMs >= 0; ageMs -= 200) {
        scene.clock.advance(1);
        const fields = { ageMs, ptsSeconds: (arrivedMs - ageMs) / 1000, analysisMs: 0 };
        const faces = showsAda(ageMs) ? [knownFace('Ada')] : [];
        decisions.push({ ageMs, drafts: door.decide(scene.result(faces, fields)) });
      }
      return { decisions, stats: door.stats(), scene };
    };

    it('grants nothing to somebody who was there and is gone', () => {
      const { decisions, stats } = burst((ageMs) => ageMs > 500);
      expect(said(decisions.flatMap(({ drafts }) => drafts))).toEqual(['access.denied:Ada:stale']);
      expect(stats).toMatchObject({ granted: 0, stale: 48 });
    });

    it('does not count old pictures towards the young ones', () => {
      // Two young pictures (400 and 200 ms), and 48 old ones.
      const { decisions } = burst((ageMs) => ageMs >= 200);
      expect(said(decisions.flatMap(({ drafts }) => drafts))).toEqual(['access.denied:Ada:stale']);
    });

    it('grants to somebody who is still there, by the pictures of the last moment alone', () => {
      const { decisions, scene } = burst(() => true);
      const granted = decisions.filter(({ drafts }) => drafts.some(({ type }) => type === 'access.granted'));
      expect(granted.map(({ ageMs }) => ageMs)).toEqual([0]);
      expect(granted[0]?.drafts[0]?.capturedAtMs).toBeGreaterThan(scene.clock.wallMs() - 500);
    });

    it('grants nothing when the ages could not be told, because the connection was new', () => {
      const { scene, door } = lobby();
      scene.clock.advance(60_000);
      const drafts = Array.from({ length: 51 }, (_, n) => {
        scene.clock.advance(1);
        return door.decide(scene.result([knownFace('Ada')], { ageMs: 0, analysisMs: 0, ptsSeconds: n, connection: 9 }));
      });
      expect(drafts.flat()).toEqual([]);
    });
  });
});
