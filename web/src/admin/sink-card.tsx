import { useState } from 'preact/hooks';
import { errorText } from '../api/api-error.ts';
import type { SinkView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { announce } from '../state/announce.ts';
import { now } from '../state/now.ts';
import { Icon } from '../ui/icon.tsx';
import { sentence } from '../ui/sentence.ts';
import { clockTime } from '../ui/time-words.ts';
import { DeadLetters } from './dead-letters.tsx';
import { lagWords, sinkFacts, sinkState, webhookFacts } from './sink-words.ts';
import { refreshSinks } from './sinks.ts';

export function SinkCard({ sink }: { sink: SinkView }) {
  const { id, type, cursor, retryAt, lastError } = sink;
  const { word, tone, why } = sinkState(sink);
  const webhook = webhookFacts(sink);
  const facts = sinkFacts(sink);
  const since = webhook?.disabledAt ?? lastError?.at;
  return (
    <article class="panel sink" data-sink={id} data-state={sink.state} aria-label={`${type} ${id}`}>
      <div class="sink-head">
        <h2>{id}</h2>
        {type !== id && <span class="tag tag-group">{type}</span>}
        <span class={`sink-state sink-${tone}`}>
          <Icon name={tone === 'good' ? 'check' : 'warn'} size={16} /> {word}
        </span>
      </div>
      {why !== null && (
        <p class={tone === 'good' ? 'muted small' : 'sink-why'}>
          {since && `${clockTime(since, now.value)}: `}
          {sentence(why)}
          {retryAt !== null && sink.state === 'waiting' && ` Tried again at ${clockTime(retryAt, now.value)}.`}
        </p>
      )}
      <dl class="facts">
        <div>
          <dt>Progress</dt>
          <dd>
            {lagWords(sink)} <span class="muted">(event {cursor.toLocaleString()})</span>
          </dd>
        </div>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {webhook && <WebhookActions id={id} disabled={sink.state === 'disabled' || webhook.disabledAt !== null} />}
      {webhook && webhook.dead > 0 && <DeadLetters id={id} count={webhook.dead} />}
    </article>
  );
}

function WebhookActions({ id, disabled }: { id: string; disabled: boolean }) {
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<{ text: string; bad: boolean } | null>(null);
  const run = async (act: () => Promise<{ text: string; bad: boolean }>) => {
    setBusy(true);
    setSaid(null);
    const answer = await act().catch((error) => ({ text: errorText(error), bad: true }));
    setSaid(answer);
    announce(answer.text);
    setBusy(false);
    void refreshSinks();
  };
  const test = async () => {
    const { delivered, message, ms } = await facegateApi.testSink(id);
    return { text: `${sentence(message)} ${ms} ms.`, bad: !delivered };
  };
  const enable = async () => {
    await facegateApi.enableSink(id);
    return { text: `${id} is sent to again.`, bad: false };
  };
  return (
    <div class="sink-actions">
      <button
        type="button"
        class="button"
        disabled={busy}
        aria-label={`Send a test event to ${id}`}
        onClick={() => run(test)}
      >
        {busy ? 'Sending …' : 'Send a test event'}
      </button>
      {disabled && (
        <button
          type="button"
          class="button button-main"
          disabled={busy}
          aria-label={`Enable ${id} again`}
          onClick={() => run(enable)}
        >
          Enable again
        </button>
      )}
      {said && <span class={said.bad ? 'problem' : 'muted small'}>{said.text}</span>}
    </div>
  );
}
