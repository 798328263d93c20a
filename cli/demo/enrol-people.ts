import { lastValueFrom, type Observable } from 'rxjs';
import { map, toArray } from 'rxjs/operators';
import type { SubjectGallery } from '../../gallery/subject-gallery.ts';
import { type AnalysedFrame, analyse } from '../../pipeline/analyse.ts';
import type { AnalysedFace, Embedding } from '../../pipeline/face.ts';
import type { Frame } from '../../pipeline/frame.ts';
import type { FaceAnalyser } from '../../pipeline/ports.ts';

/** Invented: nobody knows what the people in the film are called. The demo's door opens for the first. */
export const DEMO_NAMES = ['Ada', 'Ben', 'Chloe'] as const;

/** One person of the film, as far as faces that look alike are one. */
interface Person {
  best: AnalysedFace & { embedding: Embedding };
  appearances: number;
}

export interface DemoPeople {
  readonly enrolled: readonly string[];
  /** People seen often enough to be enrolled who were left out on purpose. */
  readonly strangers: number;
}

/**
 * Watches the film once, tells the people in it apart by similarity, and enrols some of them, each by the face of a single
 * moment. At least one person stays unknown.
 */
export async function enrolPeople(
  frames: Observable<Frame>,
  o: { analyser: FaceAnalyser; gallery: SubjectGallery; threshold: number; source: string },
): Promise<DemoPeople> {
  const faces = await lastValueFrom(
    frames.pipe(
      analyse(o.analyser, { pace: 'file' }),
      map(({ frame, faces }: AnalysedFrame) => {
        frame.release();
        return faces;
      }),
      toArray(),
    ),
  );
  const people = tellApart(faces, o.threshold).filter((person) => person.appearances >= 3);
  const enrolled = people.slice(0, Math.min(DEMO_NAMES.length, people.length - 1));
  for (const [index, { best }] of enrolled.entries()) {
    const subject = o.gallery.createSubject({ name: DEMO_NAMES[index] as string });
    o.gallery.addTemplate(subject.id, { embedding: best.embedding, quality: best.quality, source: o.source });
  }
  return { enrolled: DEMO_NAMES.slice(0, enrolled.length), strangers: people.length - enrolled.length };
}

/** Faces of one frame are different people; across frames the most similar above the threshold is the same one. */
function tellApart(frames: readonly (readonly AnalysedFace[])[], threshold: number): Person[] {
  const people: Person[] = [];
  for (const faces of frames) {
    const taken = new Set<Person>();
    for (const face of faces) {
      const { embedding } = face;
      if (face.unfit !== null || embedding === null) continue;
      const seen = { ...face, embedding };
      const nearest = people
        .filter((person) => !taken.has(person))
        .map((person) => ({ person, similarity: cosine(person.best.embedding, embedding) }))
        .sort((a, b) => b.similarity - a.similarity)[0];
      if (nearest && nearest.similarity >= threshold) {
        taken.add(nearest.person);
        nearest.person.appearances += 1;
        if ((seen.quality ?? 0) > (nearest.person.best.quality ?? 0)) nearest.person.best = seen;
      } else {
        const person = { best: seen, appearances: 1 };
        taken.add(person);
        people.push(person);
      }
    }
  }
  return people.sort((a, b) => b.appearances - a.appearances);
}

function cosine(a: Embedding, b: Embedding): number {
  let sum = 0;
  for (let i = 0; i < a.vector.length; i += 1) sum += (a.vector[i] as number) * (b.vector[i] as number);
  return sum;
}
