import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openGallery, type SubjectGallery } from '../../gallery/subject-gallery.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MODEL = 'testnet-3d';
const NAMES = ['Ada', 'Bob', 'Eve', 'Mallory'];

type Kind = 'positive' | 'negative';
interface ModelSubject {
  name: string;
  notes: string;
  groups: string[];
  templates: Map<string, { kind: Kind; vector: readonly number[] }>;
}

const component = fc.integer({ min: -3, max: 3 });
const vector = fc.tuple(component, component, component).filter((values) => values.some((value) => value !== 0));
const which = fc.nat({ max: 9 });
const step = fc.oneof(
  fc.record({ do: fc.constant('create' as const), name: fc.constantFrom(...NAMES), notes: fc.constantFrom('', 'n') }),
  fc.record({
    do: fc.constant('change' as const),
    which,
    patch: fc.record(
      { name: fc.constantFrom(...NAMES), notes: fc.constantFrom('', 'x'), groups: fc.subarray(['a', 'b']) },
      { requiredKeys: [] },
    ),
  }),
  fc.record({ do: fc.constant('remove' as const), which }),
  fc.record({
    do: fc.constant('enrol' as const),
    which,
    vector,
    kind: fc.constantFrom<Kind>('positive', 'positive', 'negative'),
  }),
  fc.record({ do: fc.constant('forget' as const), which }),
  fc.record({ do: fc.constant('reopen' as const) }),
);

const cosine = (a: readonly number[], b: readonly number[]) => {
  const dot = a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
  return dot / Math.hypot(...a) / Math.hypot(...b);
};

/** The model's answer to a search: every subject with a positive template, and its two similarities. */
function expectedFor(model: ReadonlyMap<string, ModelSubject>, probe: readonly number[]) {
  const best = (subject: ModelSubject, kind: Kind) =>
    Math.max(...[...subject.templates.values()].filter((t) => t.kind === kind).map((t) => cosine(t.vector, probe)));
  return [...model]
    .map(([id, subject]) => ({ id, similarity: best(subject, 'positive'), negative: best(subject, 'negative') }))
    .filter(({ similarity }) => similarity > Number.NEGATIVE_INFINITY)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Two galleries on one database take turns, so that each must follow the other. */
it('is, whatever is done to it, what a plain list of people would be', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), vector, async (steps, probe) => {
      const folder = mkdtempSync(join(tmpdir(), 'facegate-model-'));
      const open = () =>
        openGallery({
          file: join(folder, 'gallery.db'),
          model: MODEL,
          width: 3,
          log: recordedLog(),
          clock: new VirtualClock(),
        });
      const galleries: [SubjectGallery, SubjectGallery] = [open(), open()];
      const model = new Map<string, ModelSubject>();
      const nth = (n: number) => [...model.keys()][n % Math.max(1, model.size)] ?? 'nobody';
      const taken = (name: string, by?: string) => [...model].some(([id, other]) => other.name === name && id !== by);
      try {
        for (const [turn, each] of steps.entries()) {
          const gallery = galleries[turn % 2] as SubjectGallery;
          if (each.do === 'reopen') {
            await gallery.close();
            galleries[turn % 2] = open();
          } else if (each.do === 'create') {
            const { name, notes } = each;
            if (taken(name)) expect(() => gallery.createSubject({ name })).toThrow('already');
            else
              model.set(gallery.createSubject({ name, notes }).id, { name, notes, groups: [], templates: new Map() });
          } else if (each.do === 'forget') {
            const all = [...model.values()].flatMap((subject) =>
              [...subject.templates.keys()].map((id) => ({ subject, id })),
            );
            const one = all[each.which % Math.max(1, all.length)];
            if (!one) continue;
            gallery.removeTemplate(one.id);
            one.subject.templates.delete(one.id);
          } else {
            const id = nth(each.which);
            const subject = model.get(id);
            if (!subject) expect(() => gallery.removeSubject(id)).toThrow('no subject');
            else if (each.do === 'remove') {
              gallery.removeSubject(id);
              model.delete(id);
            } else if (each.do === 'enrol') {
              const embedding = { model: MODEL, vector: Float32Array.from(each.vector) };
              const template = gallery.addTemplate(id, { embedding, quality: 1, source: '', kind: each.kind });
              subject.templates.set(template.id, { kind: each.kind, vector: each.vector });
            } else if (taken(each.patch.name ?? '', id)) {
              expect(() => gallery.changeSubject(id, each.patch)).toThrow('already');
            } else {
              gallery.changeSubject(id, each.patch);
              Object.assign(subject, each.patch);
            }
          }
          const other = galleries[(turn + 1) % 2] as SubjectGallery;
          expect(
            new Map(
              other
                .subjects()
                .map(({ id, name, notes, groups, templates }) => [id, { name, notes, groups, templates }]),
            ),
          ).toEqual(
            new Map([...model].map(([id, { templates, ...said }]) => [id, { ...said, templates: templates.size }])),
          );
          const [found = []] = await other.search([{ model: MODEL, vector: Float32Array.from(probe) }], 10);
          const expected = expectedFor(model, probe);
          const got = [...found].sort((a, b) => (a.subjectId < b.subjectId ? -1 : 1));
          expect(got.map(({ subjectId }) => subjectId)).toEqual(expected.map(({ id }) => id));
          for (const [i, { similarity, negative }] of expected.entries()) {
            expect(got[i]?.similarity).toBeCloseTo(similarity, 5);
            const isNone = negative === Number.NEGATIVE_INFINITY;
            expect(got[i]?.negativeSimilarity ?? null).toEqual(isNone ? null : expect.closeTo(negative, 5));
          }
          const descending = found.map(({ similarity }) => similarity);
          expect(descending).toEqual([...descending].sort((a, b) => b - a));
        }
      } finally {
        for (const gallery of galleries) await gallery.close();
        rmSync(folder, { recursive: true });
      }
    }),
    { numRuns: 25 },
  );
});
