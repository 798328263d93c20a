import { signal } from '@preact/signals';
import { connection } from '../state/connection.ts';
import { readKept, writeKept } from '../state/kept.ts';
import { readiness } from '../state/readiness.ts';
import { Icon } from '../ui/icon.tsx';
import { readinessNotices } from './readiness-words.ts';

/** Keys of notices that were put away in this browser. */
const away = signal<readonly string[]>((readKept('notices-away') ?? '').split('\n').filter(Boolean));

function putAway(key: string): void {
  away.value = [...away.value, key];
  writeKept('notices-away', away.value.join('\n'));
}

/** Says when recognition is not there yet, or is less than was asked for. */
export function ReadinessBanner() {
  const state = readiness.value;
  if (!state || connection.value.at !== 'live') return null;
  return (
    <>
      {readinessNotices(state)
        .filter(({ key, mayGo }) => !mayGo || !away.value.includes(key))
        .map(({ key, tone, text, details, mayGo }) => (
          <div key={key} class={`banner banner-${tone}`} role="status">
            <Icon name={tone === 'warn' ? 'warn' : 'help'} />
            <span>
              {text}
              {details.length > 0 && (
                <details class="fold">
                  <summary>Why</summary>
                  <ul>
                    {details.map((line) => (
                      <li key={line}>{line}</li>
                    ))}
                  </ul>
                </details>
              )}
            </span>
            {mayGo && (
              <button
                type="button"
                class="button-icon button-small"
                aria-label="Put this away"
                title="Put this away"
                onClick={() => putAway(key)}
              >
                <Icon name="close" />
              </button>
            )}
          </div>
        ))}
    </>
  );
}
