import type { Embedding } from '../pipeline/face.ts';

/** Who agreed that a face is kept, or recorded that it may be. */
export interface Consent {
  /** Who recorded it. */
  readonly by: string;
  readonly atMs: number;
  /** On what ground: a signed form, a contract, a law. */
  readonly basis: string;
}

/** A person whom the gallery knows. */
export interface Subject {
  /** UUID version 7. */
  readonly id: string;
  /** Unique, whatever its case. */
  readonly name: string;
  readonly groups: readonly string[];
  readonly notes: string;
  /** Known from this moment on; null: from the start. Wall-clock milliseconds, as all times here. */
  readonly validFromMs: number | null;
  /** Known until before this moment; null: without end. */
  readonly validUntilMs: number | null;
  readonly consent: Consent | null;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
  /** When it was last recognised, to the minute; null: never. */
  readonly lastSeenMs: number | null;
  /** Templates that searches compare with: those of the gallery's model. */
  readonly templates: number;
  /** Templates of another model, and damaged ones: kept, not searched. */
  readonly notSearched: number;
}

/** What is said of a subject when it is made or changed. */
export interface SubjectDraft {
  /** 1 to 200 characters. */
  readonly name: string;
  /** At most 50, each of 1 to 100 characters. */
  readonly groups?: readonly string[] | undefined;
  /** At most 2000 characters. */
  readonly notes?: string | undefined;
  readonly validFromMs?: number | null | undefined;
  readonly validUntilMs?: number | null | undefined;
  readonly consent?: Consent | null | undefined;
}

/** `positive`: this is the subject. `negative`: this is *not* the subject, though it looks like it (a twin, a poster). */
export type TemplateKind = 'positive' | 'negative';

/** One enrolled face, without its embedding. */
export interface Template {
  readonly id: string;
  readonly subjectId: string;
  readonly model: string;
  /** The first 12 digits of the weights' SHA-256; empty where nobody noted it. */
  readonly modelVersion: string;
  readonly kind: TemplateKind;
  /** 0..1; null where it was not measured. */
  readonly quality: number | null;
  /** Where the picture came from, for people. */
  readonly source: string;
  readonly createdAtMs: number;
  /** False: of another model than the gallery's, or damaged. */
  readonly searched: boolean;
  /** The picture it was made of is kept. */
  readonly hasImage: boolean;
}

export interface NewTemplate {
  readonly embedding: Embedding;
  /** 0..1; null where it was not measured. */
  readonly quality: number | null;
  readonly source: string;
  /** Default: positive. */
  readonly kind?: TemplateKind | undefined;
  /** The face with its surroundings, JPEG. Kept only where the gallery keeps images. */
  readonly image?: Uint8Array | undefined;
}

/** Who the gallery knows, in numbers. */
export interface GallerySize {
  readonly subjects: number;
  /** Templates that searches compare with. */
  readonly templates: number;
  /** Templates of other models, or damaged ones: kept, not searched. */
  readonly notSearched: number;
}
