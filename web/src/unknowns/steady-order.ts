/**
 * The same items in an order in which nothing moves under the reader's finger: what was there stays where it was, what is
 * new comes first.
 *
 * @param before ids in the order in which they were shown.
 */
export function steadyOrder<T extends { readonly id: string }>(before: readonly string[], items: readonly T[]): T[] {
  const place = new Map(before.map((id, index) => [id, index]));
  const fresh = items.filter(({ id }) => !place.has(id));
  const known = items.filter(({ id }) => place.has(id)).sort((a, b) => place.get(a.id)! - place.get(b.id)!);
  return [...fresh, ...known];
}
