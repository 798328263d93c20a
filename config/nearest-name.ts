/** The name in `known` that `written` was probably meant to be, or null where none is near enough. */
export function nearestName(written: string, known: Iterable<string>): string | null {
  const wanted = plain(written);
  // Beyond this nothing is a slip of the fingers, and the table below would grow with hostile input.
  if (wanted.length === 0 || wanted.length > 64) return null;
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(wanted, plain(name));
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  if (best !== null || wanted.length < 3) return best;
  // Cut short: `conf` for `confidence`.
  const longer = [...known].filter((name) => plain(name).startsWith(wanted));
  if (longer.length > 0) return longer.length === 1 ? (longer[0] as string) : null;
  // Cut short and misspelt: `yunnet` for `yunet-2023mar`.
  const begun = wanted.length < 5 ? [] : [...known].filter((name) => beginsLike(plain(name), wanted));
  return begun.length === 1 ? (begun[0] as string) : null;
}

function beginsLike(name: string, wanted: string): boolean {
  return [-1, 0, 1].some((more) => editDistance(wanted, name.slice(0, wanted.length + more)) <= 1);
}

/** `max_faces`, `max-faces` and `maxFaces` are one name. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, '');
}

/** Edits (one letter more, less, other, or two swapped) that make `a` into `b`: optimal string alignment. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let distance = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, before[j - 2]! + 1);
      }
      row.push(distance);
    }
    before = above;
    above = row;
  }
  return above[b.length]!;
}
