import type { Consent, TemplateKind } from './subject.ts';

/** A subject as the database has it, opened. */
export interface SubjectRow {
  readonly id: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly notes: string;
  readonly validFromMs: number | null;
  readonly validUntilMs: number | null;
  readonly consent: Consent | null;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
  readonly lastSeenMs: number | null;
  /** Notes and consent do not open; they read as if there were none. */
  readonly damaged: boolean;
}

/** A template as the index needs it. */
export interface TemplateRow {
  readonly id: string;
  readonly subjectId: string;
  readonly model: string;
  readonly modelVersion: string;
  readonly kind: TemplateKind;
  /** float32, little-endian; null when it does not open, or is of another model and was not asked for. */
  readonly embedding: Uint8Array | null;
}

/** All that is known of a template beside its embedding. */
export interface TemplateDetails extends Omit<TemplateRow, 'embedding'> {
  readonly quality: number | null;
  readonly source: string;
  readonly createdAtMs: number;
  readonly imageId: string | null;
}

/** What became different; a row is null where it is no longer there. */
export interface Changes {
  /** Pass it to `changesSince` the next time. */
  readonly upTo: number;
  readonly subjects: ReadonlyMap<string, SubjectRow | null>;
  readonly templates: ReadonlyMap<string, TemplateRow | null>;
}

/** The model whose templates are searched. Nobody noted the version of the oldest ones: an empty one stands for any. */
export interface GalleryModel {
  readonly model: string;
  readonly modelVersion: string;
}

export function isOfModel(row: GalleryModel, { model, modelVersion }: GalleryModel): boolean {
  if (row.model !== model) return false;
  return row.modelVersion === modelVersion || row.modelVersion === '' || modelVersion === '';
}

export interface SealedSubject {
  readonly notes: string;
  readonly consent: Consent | null;
}

/** Columns of `subjects`, as SQLite gives them. */
export const SUBJECT_COLUMNS = `id, name, group_names AS groupNames, valid_from_ms AS validFromMs,
  valid_until_ms AS validUntilMs, created_at_ms AS createdAtMs, changed_at_ms AS changedAtMs,
  last_seen_ms AS lastSeenMs, sealed`;

export interface StoredSubject {
  readonly id: string;
  readonly name: string;
  readonly groupNames: string;
  readonly validFromMs: number | null;
  readonly validUntilMs: number | null;
  readonly createdAtMs: number;
  readonly changedAtMs: number | null;
  readonly lastSeenMs: number | null;
  readonly sealed: Uint8Array | null;
}

/** @param open null when the sealed part does not open. */
export function openedSubject(row: StoredSubject, open: (sealed: Uint8Array) => Uint8Array | null): SubjectRow {
  const { groupNames, sealed, ...others } = row;
  const groups = groupsIn(groupNames);
  const opened = sealed === null ? { notes: '', consent: null } : sealedSubject(open(sealed));
  return {
    ...others,
    groups: groups ?? [],
    changedAtMs: row.changedAtMs ?? row.createdAtMs,
    notes: opened?.notes ?? '',
    consent: opened?.consent ?? null,
    damaged: groups === null || opened === null,
  };
}

function sealedSubject(bytes: Uint8Array | null): SealedSubject | null {
  return bytes && (JSON.parse(Buffer.from(bytes).toString('utf8')) as SealedSubject);
}

function groupsIn(text: string): string[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.map(String) : null;
  } catch {
    return null;
  }
}
