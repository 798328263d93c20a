/** Templates that the gallery keeps and does not search: of another model, or damaged. */
export class NotSearched {
  readonly #subjectOf = new Map<string, string>();
  readonly #ofSubject = new Map<string, number>();

  get size(): number {
    return this.#subjectOf.size;
  }

  has(templateId: string): boolean {
    return this.#subjectOf.has(templateId);
  }

  countOf(subjectId: string): number {
    return this.#ofSubject.get(subjectId) ?? 0;
  }

  add(templateId: string, subjectId: string): void {
    this.remove(templateId);
    this.#subjectOf.set(templateId, subjectId);
    this.#ofSubject.set(subjectId, this.countOf(subjectId) + 1);
  }

  /** Nothing happens when the template is not there. */
  remove(templateId: string): void {
    const subjectId = this.#subjectOf.get(templateId);
    if (subjectId === undefined) return;
    this.#subjectOf.delete(templateId);
    const left = this.countOf(subjectId) - 1;
    if (left > 0) this.#ofSubject.set(subjectId, left);
    else this.#ofSubject.delete(subjectId);
  }

  clear(): void {
    this.#subjectOf.clear();
    this.#ofSubject.clear();
  }
}
