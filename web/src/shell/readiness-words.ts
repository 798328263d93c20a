import type { ReadyView, RoleView } from '../api/api-types.ts';

/** What is to be said above every page. */
export interface Notice {
  /** Kept where somebody puts it away. */
  readonly key: string;
  readonly tone: 'warn' | 'info';
  readonly text: string;
  /** Why, for whoever wants to mend it. */
  readonly details: readonly string[];
  readonly mayGo: boolean;
}

const WORDS: Record<RoleView['role'], string> = {
  detector: 'finding faces',
  landmarks: 'finding eyes and mouths',
  embedder: 'recognising faces',
  'previous-embedder': 'recognising those enrolled before',
  scorer: 'judging faces',
};

/** `cpu` and `CPUExecutionProvider` as `CPU`. */
export const providerName = (provider: string) =>
  provider.replace(/ExecutionProvider$/, '').replace(/^(cpu|cuda)$/, (name) => name.toUpperCase());

/** What of the networks a person should know: not ready, elsewhere than asked for, lighter than asked for, only the starter's. */
export function readinessNotices(ready: ReadyView): Notice[] {
  const notices: Notice[] = [];
  if (!ready.ready) {
    const reasons = ready.reasons.join('; ');
    const text = `The server is not ready${reasons === '' ? '.' : `: ${reasons}.`}`;
    notices.push({ key: 'not-ready', tone: 'warn', text, details: [], mayGo: false });
  }
  const fallen = ready.models.filter(({ degraded }) => degraded);
  if (fallen.length > 0) {
    const what = fallen.map(({ role, provider }) => `${WORDS[role]} runs on ${providerName(provider)}`);
    notices.push({
      key: 'degraded',
      tone: 'warn',
      text: `Recognition runs on less than was asked for: ${unique(what).join('; ')}.`,
      details: unique(
        fallen.flatMap(({ model, passedOver }) =>
          passedOver.map(({ provider, why }) => `${model}, ${providerName(provider)}: ${why}`),
        ),
      ),
      mayGo: false,
    });
  }
  for (const { role, model, insteadOf } of ready.models) {
    if (insteadOf === null) continue;
    notices.push({
      key: `lighter ${role}`,
      tone: 'warn',
      text: `Memory ran out: ${model} does the work of ${insteadOf} (${WORDS[role]}). Small and turned faces are found less often.`,
      details: [],
      mayGo: false,
    });
  }
  const starters = ready.models.filter(({ model }) => model.startsWith('starter-'));
  if (starters.length > 0) {
    notices.push({
      key: `starter ${starters.map(({ model }) => model).join(' ')}`,
      tone: 'info',
      text: 'These are the starter models: good for trying facegate out, too weak for a door. “facegate models pull” fetches the usual ones; they are used from the next start on.',
      details: [],
      mayGo: true,
    });
  }
  return notices;
}

const unique = (lines: readonly string[]) => [...new Set(lines)];
