import { AppError } from '../../config/app-error.ts';
import { lengthOf } from '../embedding-blob.ts';
import type { PackedTemplates } from './leave-one-out.ts';

export interface EnrolledTemplate {
  readonly id: string;
  readonly subjectId: string;
  /** Where the picture came from, for people. */
  readonly source: string;
  /** Shape [width], any length but zero; copied. */
  readonly vector: Float32Array;
}

export interface NamedTemplates extends PackedTemplates {
  /** Of each subject. */
  readonly ids: readonly string[];
  /** Of each row. */
  readonly templates: readonly Omit<EnrolledTemplate, 'vector'>[];
}

const FIRST_ROOM = 1024;

/**
 * Lays templates side by side, subject by subject, each scaled to length 1; subjects and templates by their ids, so that
 * the same gallery always comes out the same.
 *
 * @throws {AppError} EMBEDDING_MISMATCH
 */
export function packTemplates(enrolled: Iterable<EnrolledTemplate>): NamedTemplates {
  const templates: Omit<EnrolledTemplate, 'vector'>[] = [];
  let width = 0;
  let read = new Float32Array(0);
  for (const { id, subjectId, source, vector } of enrolled) {
    if (templates.length === 0) {
      width = vector.length;
      read = new Float32Array(FIRST_ROOM * width);
    }
    if (vector.length !== width) {
      throw new AppError('EMBEDDING_MISMATCH', `templates of ${width} numbers and one of ${vector.length}`);
    }
    if ((templates.length + 1) * width > read.length) {
      const grown = new Float32Array(read.length * 2);
      grown.set(read);
      read.fill(0);
      read = grown;
    }
    read.set(vector, templates.length * width);
    templates.push({ id, subjectId, source });
  }
  const order = [...templates.keys()].sort((a, b) => {
    const [x, y] = [templates[a]!, templates[b]!];
    if (x.subjectId !== y.subjectId) return x.subjectId < y.subjectId ? -1 : 1;
    return x.id < y.id ? -1 : 1;
  });
  const rows = new Float32Array(templates.length * width);
  const ids: string[] = [];
  const starts: number[] = [];
  for (const [row, from] of order.entries()) {
    const { subjectId } = templates[from]!;
    if (ids.at(-1) !== subjectId) {
      ids.push(subjectId);
      starts.push(row);
    }
    const vector = read.subarray(from * width, (from + 1) * width);
    const scale = 1 / lengthOf(vector);
    for (let i = 0; i < width; i += 1) rows[row * width + i] = vector[i]! * scale;
  }
  read.fill(0);
  return {
    width,
    rows,
    starts: Int32Array.from([...starts, templates.length]),
    ids,
    templates: order.map((from) => templates[from]!),
  };
}
