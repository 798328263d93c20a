import { useEffect, useRef, useState } from 'preact/hooks';
import { errorText } from '../api/api-error.ts';
import type { ProbeAnswer } from '../api/api-types.ts';

export interface Probe {
  readonly busy: boolean;
  readonly answer: ProbeAnswer | null;
  /** Why there is no answer. */
  readonly problem: string | null;
  ask(how: (signal: AbortSignal) => Promise<ProbeAnswer>): Promise<void>;
  /** What was asked no longer holds. */
  forget(): void;
}

export function useProbe(): Probe {
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<ProbeAnswer | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const running = useRef<AbortController | null>(null);
  const forget = () => {
    running.current?.abort();
    setBusy(false);
    setAnswer(null);
    setProblem(null);
  };
  useEffect(() => () => running.current?.abort(), []);
  return {
    busy,
    answer,
    problem,
    forget,
    async ask(how) {
      forget();
      const abort = new AbortController();
      running.current = abort;
      setBusy(true);
      try {
        const found = await how(abort.signal);
        if (!abort.signal.aborted) setAnswer(found);
      } catch (error) {
        if (!abort.signal.aborted) setProblem(errorText(error));
      } finally {
        if (!abort.signal.aborted) setBusy(false);
      }
    },
  };
}
