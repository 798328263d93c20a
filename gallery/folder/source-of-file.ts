import { createHash } from 'node:crypto';
import type { Template } from '../subject.ts';

/** Half of a SHA-256's digits tell the files of any gallery apart. */
const DIGITS = 32;
/** Leaves room for the hash in a template's source. */
const LONGEST_LABEL = 400;
const HASH = new RegExp(` \\(sha256 ([0-9a-f]{${DIGITS}})\\)$`);

/** The first digits of the file's SHA-256. */
export function fileHash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, DIGITS);
}

/** A template's `source`: the file for people, and its hash, so that the same file is not enrolled again. */
export function sourceOfFile(label: string, hash: string): string {
  return `${label.slice(-LONGEST_LABEL)} (sha256 ${hash})`;
}

/** Which files a subject was enrolled from, of the model and kind that count now. */
export class EnrolledFiles {
  readonly #files = new Set<string>();

  constructor(templates: Iterable<Template>) {
    for (const { subjectId, kind, source, searched } of templates) {
      const hash = HASH.exec(source)?.[1];
      // A template that is not searched does not make anybody known: that picture is needed again.
      if (hash && searched) this.add(subjectId, kind, hash);
    }
  }

  add(subjectId: string, kind: string, hash: string): void {
    this.#files.add(`${subjectId} ${kind} ${hash}`);
  }

  has(subjectId: string, kind: string, hash: string): boolean {
    return this.#files.has(`${subjectId} ${kind} ${hash}`);
  }
}
