import { useEffect } from 'preact/hooks';
import { may } from '../state/session.ts';
import { Empty } from '../ui/empty.tsx';
import { Failure } from '../ui/failure.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { AdminOnly } from './admin-only.tsx';
import { ADMIN_TABS } from './admin-tabs.ts';
import { SinkCard } from './sink-card.tsx';
import { keepSinks, refreshSinks, sinks, sinksError } from './sinks.ts';

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: it is what one writes in the file.
const EXAMPLE = `sinks:
  - type: webhook
    url: https://example.com/doors
    secrets: ["\${HOOK_SECRET}"]
    types: [access.granted, access.denied]
  - type: mqtt
    url: mqtts://broker.lan:8883
    username: facegate
    password: "\${MQTT_PASSWORD}"`;
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: it is what one writes in the file.

/** Where events go besides, and how far each has got. */
export function FeedsPage() {
  const admin = may('admin');
  useEffect(() => (admin ? keepSinks() : undefined), [admin]);
  if (!admin) return <AdminOnly />;
  const list = sinks.value;
  const error = sinksError.value;
  return (
    <div class="page">
      <div class="page-head">
        <h1>Feeds</h1>
        <Tabs tabs={ADMIN_TABS} label="Administration" />
      </div>
      {error && (
        <Failure
          what={list ? 'What stands here may be old.' : 'The feeds could not be listed.'}
          error={error}
          onRetry={refreshSinks}
        />
      )}
      {!list && !error && <p class="muted">Loading …</p>}
      {list?.length === 0 && (
        <Empty icon="feed" title="Events go nowhere by themselves yet">
          <p>To send them on, write into the configuration file, and start facegate again:</p>
          <pre>{EXAMPLE}</pre>
          <p class="muted">
            <code>facegate sinks secret</code> makes a secret; over MQTT, Home Assistant finds cameras and doors by
            itself.
          </p>
          <p class="muted">
            Programs may also ask for them: <code>GET /events</code>, <code>/events/stream</code>,{' '}
            <code>WS /ws/events</code>.
          </p>
        </Empty>
      )}
      {list?.map((sink) => (
        <SinkCard key={sink.id} sink={sink} />
      ))}
    </div>
  );
}
