/** The candidate that takes the fewest single-letter edits from `name`; null where none is close. */
export function nearestName(name: string, candidates: Iterable<string>): string | null {
  let best: string | null = null;
  // More than half the letters wrong is no typing error; a name that starts alike was cut short.
  let fewest = Math.ceil(name.length / 2);
  for (const candidate of candidates) {
    if (name.length >= 3 && candidate.startsWith(name)) return candidate;
    const edits = editDistance(name, candidate);
    if (edits < fewest) [best, fewest] = [candidate, edits];
  }
  return best;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
