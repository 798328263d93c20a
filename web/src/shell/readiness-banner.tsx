import { connection } from '../state/connection.ts';
import { readiness } from '../state/readiness.ts';
import { Icon } from '../ui/icon.tsx';

/** Says when recognition is not there yet, or runs on less than was asked for. */
export function ReadinessBanner() {
  const state = readiness.value;
  if (!state || connection.value.at !== 'live' || (state.ready && !state.degraded)) return null;
  const fallbacks = state.models
    .filter(({ degraded }) => degraded)
    .map(({ role, model, provider }) => `the ${role} (${model}) runs on ${providerName(provider)}`);
  const reasons = (state.ready ? fallbacks : state.reasons).join('; ');
  return (
    <div class="banner banner-warn" role="status">
      <Icon name="warn" />
      <span>
        {state.ready ? 'Recognition runs with less than was asked for' : 'The server is not ready'}
        {reasons === '' ? '.' : `: ${reasons}.`}
      </span>
    </div>
  );
}

/** `CPUExecutionProvider` as `CPU`. */
const providerName = (provider: string) => provider.replace(/ExecutionProvider$/, '');
