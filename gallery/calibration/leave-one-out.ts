/** Templates side by side, those of one subject next to each other. */
export interface PackedTemplates {
  readonly width: number;
  /** Shape [templates, width], unit vectors. */
  readonly rows: Float32Array;
  /** First template of each subject, and the end of the last one: shape [subjects + 1], ascending. */
  readonly starts: Int32Array;
}

export interface LeaveOneOutOptions {
  /** Templates to search with, by their place; each is compared with all others. */
  readonly probes: Int32Array;
  /** The most similar of another subject's templates, for each probe and each other subject. */
  readonly onImpostor: (similarity: number, probeSubject: number, otherSubject: number) => void;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Columns; a row for each probe. */
export interface LeftOut {
  readonly subject: Int32Array;
  /** Cosine to the best of the subject's other templates; NaN where it has no other. */
  readonly own: Float64Array;
  /** The nearest other subject, −1 without one, and its cosine: NaN then. */
  readonly nearest: Int32Array;
  readonly nearestSimilarity: Float64Array;
  /** Cosine to the second-nearest other subject; NaN without one. */
  readonly secondSimilarity: Float64Array;
}

/** Probes that share each pass over the templates. */
const AT_ONCE = 4;

/**
 * Searches the gallery with its own templates, each as if it were not enrolled. A comparison is what a search makes: one
 * probe with one subject, by the best of the subject's templates.
 */
export function leaveOneOut(packed: PackedTemplates, options: LeaveOneOutOptions): LeftOut {
  const { width, rows, starts } = packed;
  const { probes, onImpostor, onProgress } = options;
  const subjects = starts.length - 1;
  const found: LeftOut = {
    subject: Int32Array.from(probes, (probe) => subjectOf(starts, probe)),
    own: new Float64Array(probes.length).fill(Number.NaN),
    nearest: new Int32Array(probes.length).fill(-1),
    nearestSimilarity: new Float64Array(probes.length).fill(Number.NaN),
    secondSimilarity: new Float64Array(probes.length).fill(Number.NaN),
  };
  const take = (p: number, product: number, subject: number) => {
    // Two copies of one template come out a rounding above 1.
    const similarity = Math.min(1, product);
    const own = found.subject[p] as number;
    if (subject === own) {
      // −Infinity: the probe is the only one.
      if (similarity > Number.NEGATIVE_INFINITY) found.own[p] = similarity;
      return;
    }
    onImpostor(similarity, own, subject);
    if (!(similarity <= (found.nearestSimilarity[p] as number))) {
      found.secondSimilarity[p] = found.nearestSimilarity[p] as number;
      found.nearestSimilarity[p] = similarity;
      found.nearest[p] = subject;
    } else if (!(similarity <= (found.secondSimilarity[p] as number))) found.secondSimilarity[p] = similarity;
  };
  // Interleaved, and as the float64 that the products are made in.
  const group = new Float64Array(AT_ONCE * width);
  for (let first = 0; first < probes.length; first += AT_ONCE) {
    const used = Math.min(AT_ONCE, probes.length - first);
    const [pa, pb, pc, pd] = Array.from({ length: AT_ONCE }, (_, k) => probes[first + Math.min(k, used - 1)]!) as [
      number,
      number,
      number,
      number,
    ];
    for (const [k, probe] of [pa, pb, pc, pd].entries()) {
      for (let i = 0; i < width; i += 1) group[i * AT_ONCE + k] = rows[probe * width + i] as number;
    }
    for (let subject = 0; subject < subjects; subject += 1) {
      let a = Number.NEGATIVE_INFINITY;
      let b = Number.NEGATIVE_INFINITY;
      let c = Number.NEGATIVE_INFINITY;
      let d = Number.NEGATIVE_INFINITY;
      const end = starts[subject + 1] as number;
      for (let row = starts[subject] as number; row < end; row += 1) {
        let sa = 0;
        let sb = 0;
        let sc = 0;
        let sd = 0;
        for (let i = row * width, j = 0; j < group.length; i += 1, j += AT_ONCE) {
          const value = rows[i] as number;
          sa += value * (group[j] as number);
          sb += value * (group[j + 1] as number);
          sc += value * (group[j + 2] as number);
          sd += value * (group[j + 3] as number);
        }
        if (sa > a && row !== pa) a = sa;
        if (sb > b && row !== pb) b = sb;
        if (sc > c && row !== pc) c = sc;
        if (sd > d && row !== pd) d = sd;
      }
      take(first, a, subject);
      if (used > 1) take(first + 1, b, subject);
      if (used > 2) take(first + 2, c, subject);
      if (used > 3) take(first + 3, d, subject);
    }
    onProgress?.(first + used, probes.length);
  }
  return found;
}

function subjectOf(starts: Int32Array, template: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] as number) <= template) low = middle;
    else high = middle;
  }
  return low;
}
