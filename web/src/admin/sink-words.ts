import { ERROR_CODES } from '../../../config/error-codes.ts';
import type { SinkView, WebhookFacts } from '../api/api-types.ts';

export interface SinkState {
  readonly word: string;
  readonly tone: 'good' | 'warn' | 'bad';
  /** What is wrong; null where nothing is. */
  readonly why: string | null;
}

/** What a webhook says of itself; null of another kind. */
export function webhookFacts(sink: SinkView): WebhookFacts | null {
  return sink.type === 'webhook' ? (sink as SinkView & WebhookFacts) : null;
}

/** Why a broker is not there; null where it is, and of another kind. A sink that has nothing to deliver does not notice. */
function brokerTrouble({ type, trouble }: SinkView): string | null {
  if (type !== 'mqtt' || typeof trouble !== 'string') return null;
  return Object.hasOwn(ERROR_CODES, trouble) ? ERROR_CODES[trouble as keyof typeof ERROR_CODES].means : trouble;
}

/** How it goes. A webhook takes events over at once, so that its own trouble is not the outlet's. */
export function sinkState(sink: SinkView): SinkState {
  const webhook = webhookFacts(sink);
  const why = sink.lastError?.message ?? null;
  switch (sink.state) {
    case 'disabled':
      return { word: 'Disabled', tone: 'bad', why: webhook?.disabledReason ?? why };
    case 'waiting':
      return { word: 'Trying again', tone: 'warn', why };
    case 'closed':
      return { word: 'Stopped', tone: 'warn', why };
    case 'delivering': {
      const trouble = webhook?.lastFailure ?? brokerTrouble(sink);
      if (trouble) return { word: 'Trying again', tone: 'warn', why: trouble };
      return { word: 'Delivering', tone: 'good', why };
    }
  }
}

const count = (number: number, one: string, many: string) => `${number.toLocaleString()} ${number === 1 ? one : many}`;

/** `Up to date`, `1,204 events behind`, `3 events wait to be sent again`. */
export function lagWords(sink: SinkView): string {
  const waiting = webhookFacts(sink)?.waiting ?? 0;
  const parts = [
    sink.behind > 0 ? `${count(sink.behind, 'event', 'events')} behind` : null,
    waiting > 0 ? `${count(waiting, 'event waits', 'events wait')} to be sent` : null,
  ].filter((part) => part !== null);
  return parts.length === 0 ? 'Up to date' : parts.join(', ');
}

/** Said elsewhere, or of no use to a person. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'id',
  'type',
  'state',
  'cursor',
  'behind',
  'lastError',
  'retryAt',
  'disabledAt',
  'disabledReason',
  'waiting',
  'dead',
  'lastFailure',
  'trouble',
]);

const NAMES: Record<string, string> = {
  failures: 'Failed attempts',
  path: 'File',
  bytes: 'Bytes in it',
  commands: 'Commands obeyed',
  commandsIgnored: 'Commands ignored',
};

/** What its kind knows of itself besides, by name. */
export function sinkFacts(sink: SinkView): [name: string, value: string][] {
  return Object.entries(sink).flatMap(([key, value]): [string, string][] => {
    if (LEFT_OUT.has(key) || value === null || value === '' || typeof value === 'object') return [];
    const words = key.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
    const name = Object.hasOwn(NAMES, key) ? NAMES[key]! : words.charAt(0).toUpperCase() + words.slice(1);
    const shown =
      typeof value === 'number'
        ? value.toLocaleString()
        : value === true
          ? 'yes'
          : value === false
            ? 'no'
            : String(value);
    return [[name, shown]];
  });
}
