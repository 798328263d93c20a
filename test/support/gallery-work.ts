import { createHash } from 'node:crypto';
import type { SubjectGallery } from '../../gallery/subject-gallery.ts';

/** What `gallery-worker.ts` is about to do. */
export type Step =
  | { will: 'create'; name: string }
  | { will: 'enrol'; name: string; seed: string }
  | { will: 'forget'; name: string; seed: string }
  | { will: 'remove'; name: string };

/** Names, each with the seeds of its templates. */
export type People = ReadonlyMap<string, ReadonlySet<string>>;

export function after(people: People, step: Step): People {
  const next = new Map(people);
  const seeds = new Set(next.get(step.name));
  if (step.will === 'remove') next.delete(step.name);
  else next.set(step.name, seeds);
  if (step.will === 'enrol') seeds.add(step.seed);
  if (step.will === 'forget') seeds.delete(step.seed);
  return next;
}

export function peopleOf(gallery: SubjectGallery): People {
  return new Map(
    gallery.subjects().map(({ id, name }) => [name, new Set(gallery.templates(id).map(({ source }) => source))]),
  );
}

/** The same one for the same seed, and unlike that of every other. */
export function vectorOf(seed: string, width: number): Float32Array {
  const bytes = Array.from({ length: Math.ceil(width / 8) }, (_, i) =>
    createHash('sha256').update(`${seed}/${i}`).digest(),
  );
  return Float32Array.from({ length: width }, (_, i) => (bytes[i >> 3]?.readInt32LE((i % 8) * 4) ?? 0) / 2 ** 31);
}
