import { useState } from 'preact/hooks';
import { type CameraDraft, urlProblem, withSplitUrl } from './camera-draft.ts';

export interface TypedCamera {
  readonly draft: CameraDraft;
  setDraft(draft: CameraDraft): void;
  /** What stands in the way of sending it, or why it was refused. */
  readonly problem: string | null;
  setProblem(problem: string | null): void;
  /** The draft as it will be sent; null where it cannot be, with `problem` set. */
  checked(): CameraDraft | null;
}

/** A camera that is being typed in, to be added or changed. */
export function useCameraDraft(initial: () => CameraDraft): TypedCamera {
  const [draft, setDraft] = useState<CameraDraft>(initial);
  const [problem, setProblem] = useState<string | null>(null);
  return {
    draft,
    setDraft,
    problem,
    setProblem,
    checked() {
      const split = withSplitUrl(draft);
      setDraft(split);
      const wrong = urlProblem(split.url);
      setProblem(wrong);
      return wrong === null ? split : null;
    },
  };
}
