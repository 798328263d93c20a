import { describe, expect, it } from 'vitest';
import { type CalibrateOptions, calibrateGallery } from '../../../gallery/calibration/calibrate-gallery.ts';
import type { EnrolledTemplate } from '../../../gallery/calibration/enrolled-templates.ts';
import { randomNumbers, randomUnitVector } from '../../support/random-numbers.ts';

const WIDTH = 32;

/** Subjects with a direction of their own; each template is that direction and noise. */
function people(count: number, each: number, { noise = 0.5, seed = 1 } = {}): EnrolledTemplate[] {
  const random = randomNumbers(seed);
  return Array.from({ length: count }, (_, person) => {
    const own = randomUnitVector(random, WIDTH);
    return Array.from({ length: each }, (_, i) => {
      const off = randomUnitVector(random, WIDTH);
      return {
        id: `t${person}-${i}`,
        subjectId: `s${String(person).padStart(4, '0')}`,
        source: `${person}-${i}.jpg`,
        vector: own.map((value, d) => value + noise * off[d]!),
      };
    });
  }).flat();
}

const calibrate = (templates: readonly EnrolledTemplate[], options: Partial<CalibrateOptions> = {}) =>
  calibrateGallery({
    templates,
    nameOf: (id) => `name of ${id}`,
    now: { threshold: 0.4, margin: 0.05 },
    far: 1e-3,
    marginCost: 0.005,
    ...options,
  });

function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (const [i, x] of a.entries()) {
    const y = b[i] as number;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb);
}

/** The same by hand: every template with every subject by its best other template. */
function comparisonsOf(templates: readonly EnrolledTemplate[]) {
  const subjects = [...new Set(templates.map(({ subjectId }) => subjectId))];
  const genuine: number[] = [];
  const impostor: number[] = [];
  for (const probe of templates) {
    for (const subject of subjects) {
      const others = templates.filter((other) => other !== probe && other.subjectId === subject);
      if (others.length === 0) continue;
      const best = Math.max(...others.map(({ vector }) => cosine(probe.vector, vector)));
      (subject === probe.subjectId ? genuine : impostor).push(best);
    }
  }
  return { genuine, impostor: impostor.sort((a, b) => b - a) };
}

describe('calibrateGallery', () => {
  it('puts the threshold where the wanted share of all comparisons with strangers reaches it', () => {
    const templates = people(80, 3);
    const { genuine, impostor } = comparisonsOf(templates);
    const found = calibrate(templates, { far: 2e-3 });
    expect(found).toMatchObject({
      subjects: 80,
      templates: 240,
      subjectsWithSeveral: 80,
      searches: 240,
      sampled: null,
    });
    expect(found.comparisons).toBe(impostor.length);
    expect(found.genuineSearches).toBe(240);
    const { value, interval } = found.threshold!;
    const mayPass = Math.floor(2e-3 * impostor.length);
    expect(impostor.filter((similarity) => similarity >= value)).toHaveLength(mayPass);
    expect(impostor.filter((similarity) => similarity >= value - 1.1e-4).length).toBeGreaterThan(mayPass);
    expect(interval[0]).toBeLessThan(value);
    expect(interval[1]).toBeGreaterThan(value);
    expect(found.fitted).toMatchObject({
      threshold: value,
      margin: found.margin!.value,
      falseAccept: { count: mayPass, of: impostor.length },
      falseReject: { count: genuine.filter((similarity) => similarity < value).length, of: 240 },
    });
    expect(found.cannotSay).toEqual([]);
  });

  it('says what a rate for each comparison means for a search of all subjects', () => {
    const templates = people(150, 2);
    const { fitted } = calibrate(templates);
    const { falseAccept, falsePositive } = fitted!;
    expect(falsePositive.subjects).toBe(150);
    expect(falsePositive.ifIndependent).toBeCloseTo(1 - (1 - falseAccept.share) ** 150, 9);
    const { impostor } = comparisonsOf(templates);
    expect(impostor.length).toBe(300 * 149);
    // Directions are random here, so comparisons do err nearly for themselves.
    expect(falsePositive.byThreshold!.share).toBeGreaterThan(falsePositive.ifIndependent / 2);
    expect(falsePositive.byThreshold!.share).toBeLessThan(falsePositive.ifIndependent * 2);
    expect(falsePositive.withMargin!.count).toBeLessThan(falsePositive.byThreshold!.count);
  });

  it('leaves the margin where it turns away just one search in so many that would be right', () => {
    const templates = people(150, 3, { noise: 0.9 });
    const { margin, threshold } = calibrate(templates, { marginCost: 0.02 });
    const subjects = [...new Set(templates.map(({ subjectId }) => subjectId))];
    const leads = templates.flatMap((probe) => {
      const best = new Map(
        subjects.map((subject) => [
          subject,
          Math.max(
            ...templates
              .filter((other) => other !== probe && other.subjectId === subject)
              .map(({ vector }) => cosine(probe.vector, vector)),
          ),
        ]),
      );
      const own = best.get(probe.subjectId)!;
      best.delete(probe.subjectId);
      const lead = own - Math.max(...best.values());
      return own >= threshold!.value && lead > 0 ? [lead] : [];
    });
    expect(leads.length).toBeGreaterThan(200);
    expect(leads.filter((lead) => lead < margin!.value)).toHaveLength(Math.floor(0.02 * leads.length));
    expect(leads.filter((lead) => lead < margin!.value + 1.1e-4).length).toBeGreaterThan(0.02 * leads.length);
  });

  it('makes the margin no wider than it takes to leave every stranger without a name', () => {
    const templates = people(150, 3, { noise: 0.1 });
    const { margin, fitted } = calibrate(templates);
    expect(fitted!.falsePositive.byThreshold!.count).toBeGreaterThan(0);
    expect(fitted!.falsePositive.withMargin!.count).toBe(0);
    // One step less, and one would have got a name.
    const less = { threshold: fitted!.threshold, margin: margin!.value - 2e-4 };
    expect(calibrate(templates, { now: less }).now.falsePositive.withMargin!.count).toBeGreaterThan(0);
  });

  it('leaves the margin alone where no stranger comes near', () => {
    // As many directions as there are dimensions, all at right angles.
    const templates = people(WIDTH, 10, { noise: 0.01 }).map((template, i) => {
      const axis = Float32Array.from({ length: WIDTH }, (_, d) => (d === Math.floor(i / 10) ? 1 : 0));
      return { ...template, vector: axis.map((value, d) => value + 0.01 * template.vector[d]!) };
    });
    const { margin, cannotSay } = calibrate(templates, { far: 1e-3 });
    expect(margin).toBeNull();
    expect(cannotSay).toContainEqual(expect.stringContaining('The margin: no stranger'));
  });

  it('finds one person under two names, and a picture under a wrong one', () => {
    const templates = people(60, 3);
    const [from, to] = [templates[0]!, templates[30]!];
    // Number 40 is enrolled as 41 as well, and a picture of the first one stands under another name.
    const mixed = [
      ...templates.filter(({ subjectId }) => subjectId !== 's0041'),
      ...templates
        .filter(({ subjectId }) => subjectId === 's0040')
        .map((template) => ({ ...template, id: `${template.id}-again`, subjectId: 's0041' })),
      { ...from, id: 'moved', subjectId: to.subjectId, source: 'moved.jpg' },
    ];
    const { confused, mislabelled } = calibrate(mixed, { far: 0.01 });
    const pairOf = (x: string, y: string) => confused.pairs.find(({ a, b }) => a.id === x && b.id === y);
    expect(pairOf('s0040', 's0041')).toMatchObject({
      a: { id: 's0040', name: 'name of s0040' },
      b: { id: 's0041', name: 'name of s0041' },
      reaching: 6,
      perhapsOne: true,
    });
    expect(pairOf(from.subjectId, to.subjectId)?.perhapsOne).toBe(true);
    expect(mislabelled.templates.find(({ id }) => id === 'moved')).toMatchObject({
      source: 'moved.jpg',
      subject: { id: to.subjectId },
      nearest: { id: from.subjectId, name: `name of ${from.subjectId}` },
      reachesThreshold: true,
    });
  });

  it('calls nothing mislabelled or confused in a gallery where nothing is', () => {
    const { confused, mislabelled } = calibrate(people(40, 3, { noise: 0.1 }), {
      far: 0.01,
      now: { threshold: 0.9, margin: 0.01 },
    });
    expect(mislabelled).toEqual({ found: 0, templates: [] });
    expect(confused.pairs.every(({ perhapsOne }) => !perhapsOne)).toBe(true);
  });

  it('comes out the same, whatever order the templates come in', () => {
    const templates = people(60, 2);
    expect(calibrate([...templates].reverse(), { far: 0.01 })).toEqual(calibrate(templates, { far: 0.01 }));
  });

  it('searches with as many templates as there is time for, the same ones each time, and says so', () => {
    const templates = people(100, 3);
    const whole = calibrate(templates, { far: 5e-3 });
    const some = calibrate(templates, { far: 5e-3, mostProducts: 90.5 * templates.length * WIDTH });
    expect(some).toMatchObject({
      searches: 90,
      sampled: { of: 300, seed: 1 },
      comparisons: 90 * 99,
      genuineSearches: 90,
    });
    expect(calibrate(templates, { far: 5e-3, mostProducts: 90.5 * templates.length * WIDTH })).toEqual(some);
    expect(Math.abs(some.threshold!.value - whole.threshold!.value)).toBeLessThan(0.03);
    expect(some.threshold).not.toEqual(whole.threshold);
  });

  it.each([
    ['an empty gallery', people(0, 1), 'there are 0'],
    ['one subject', people(1, 5), 'there are 1'],
    ['19 subjects', people(19, 20), 'there are 19'],
    [
      'one picture of each of 100',
      people(100, 1),
      'at the least, and this gallery gives 9,900. The lowest rate that it can speak of is 0.0020',
    ],
  ])('invents no threshold for %s', (_, templates, why) => {
    const { threshold, fitted, cannotSay, now } = calibrate(templates);
    expect(threshold).toBeNull();
    expect(fitted).toBeNull();
    expect(cannotSay[0]).toContain(why);
    expect(now.threshold).toBe(0.4);
  });

  it('invents no refusals and no margin where every subject has one template', () => {
    const { threshold, margin, fitted, cannotSay } = calibrate(people(150, 1));
    expect(threshold).not.toBeNull();
    expect(margin).toBeNull();
    expect(fitted).toMatchObject({ margin: 0.05, falseReject: null, notNamed: null });
    expect(cannotSay).toEqual([expect.stringContaining('The margin:'), expect.stringContaining('How often')]);
  });

  it('never claims that what was not seen cannot be', () => {
    const { fitted } = calibrate(people(150, 2, { noise: 0.05 }));
    expect(fitted!.falseReject).toMatchObject({ count: 0, share: 0, of: 300 });
    expect(fitted!.falseReject!.interval[1]).toBeGreaterThan(0.01);
  });

  it('says that copies of a picture flatter the rate of refusals', () => {
    const templates = people(30, 2);
    const copies = templates.map((template) => ({ ...template, id: `${template.id}-copy` }));
    expect(calibrate(templates, { far: 0.01 }).copies).toBe(0);
    expect(calibrate([...templates, ...copies], { far: 0.01 }).copies).toBe(120);
  });

  it('refuses the same picture under so many names that no threshold tells them apart', () => {
    const [one] = people(1, 1);
    const { threshold, cannotSay } = calibrate(
      Array.from({ length: 60 }, (_, i) => ({ ...one!, id: `t${i}`, subjectId: `s${i}` })),
      { far: 0.01 },
    );
    expect(threshold).toBeNull();
    expect(cannotSay[0]).toContain('the very same template');
  });

  it('takes copies of one template under two names for what they are: as similar as can be', () => {
    const templates = people(100, 3);
    const twin = templates.slice(0, 3).map((template, i) => ({ ...template, id: `twin${i}`, subjectId: 'twin' }));
    const { confused, mislabelled } = calibrate([...templates, ...twin], { far: 5e-3 });
    expect(confused.pairs[0]!.similarity).toBeCloseTo(1, 6);
    expect(confused.pairs.every(({ similarity }) => similarity <= 1)).toBe(true);
    expect(mislabelled.templates.map(({ similarity }) => similarity).every((value) => value <= 1)).toBe(true);
  });

  it.each([
    ['far', 0.02, 'between 1e-7 and 0.01, got 0.02'],
    ['far', Number.NaN, 'got NaN'],
    ['marginCost', 0, 'above 0 and below 0.5, got 0'],
  ])('refuses %s of %d', (key, value, message) => {
    expect(() => calibrate(people(2, 2), { [key]: value })).toThrow(message);
  });

  it('refuses templates of two networks', () => {
    const odd = { id: 'x', subjectId: 's', source: '', vector: new Float32Array(8).fill(1) };
    expect(() => calibrate([...people(2, 2), odd])).toThrow('templates of 32 numbers and one of 8');
  });
});
