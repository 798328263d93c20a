import type { SubjectRef } from '../../pipeline/face.ts';
import type { LeftOut } from './leave-one-out.ts';

export interface MislabelledTemplate {
  readonly id: string;
  readonly source: string;
  readonly subject: SubjectRef;
  /** Cosine to the best of the subject's other templates. */
  readonly own: number;
  readonly nearest: SubjectRef;
  readonly similarity: number;
  /** It would be taken for `nearest`; below the threshold it is like nobody, and rather a poor picture. */
  readonly reachesThreshold: boolean;
}

export interface MislabelledTemplates {
  readonly found: number;
  /** By how much they are nearer to the other subject; a hundred at most. */
  readonly templates: readonly MislabelledTemplate[];
}

export interface MislabelledTemplatesOptions {
  readonly threshold: number;
  readonly template: (probe: number) => { readonly id: string; readonly source: string };
  readonly subject: (place: number) => SubjectRef;
}

const MOST = 100;

/** Templates that are nearer to another subject than to their own one's others. A sole template cannot be told. */
export function mislabelledTemplates(
  left: LeftOut,
  { threshold, template, subject }: MislabelledTemplatesOptions,
): MislabelledTemplates {
  const lag = (i: number) => left.nearestSimilarity[i]! - left.own[i]!;
  const found = [...left.own.keys()].filter((i) => lag(i) > 0).sort((a, b) => lag(b) - lag(a));
  return {
    found: found.length,
    templates: found.slice(0, MOST).map((i) => ({
      id: template(i).id,
      source: template(i).source,
      subject: subject(left.subject[i]!),
      own: left.own[i]!,
      nearest: subject(left.nearest[i]!),
      similarity: left.nearestSimilarity[i]!,
      reachesThreshold: left.nearestSimilarity[i]! >= threshold,
    })),
  };
}
