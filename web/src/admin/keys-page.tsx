import { useEffect } from 'preact/hooks';
import type { KeyView } from '../api/api-types.ts';
import { dialog } from '../shell/open-dialog.ts';
import { now } from '../state/now.ts';
import { may, session } from '../state/session.ts';
import { Empty } from '../ui/empty.tsx';
import { Failure } from '../ui/failure.tsx';
import { Icon } from '../ui/icon.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { agoWords, dateOf } from '../ui/time-words.ts';
import { AdminOnly } from './admin-only.tsx';
import { ADMIN_TABS } from './admin-tabs.ts';
import { keys, keysError, refreshKeys } from './keys.ts';

const openCreate = () => {
  dialog.value = { name: 'create-key' };
};

export function KeysPage() {
  const admin = may('admin');
  useEffect(() => {
    if (admin) void refreshKeys();
  }, [admin]);
  if (!admin) return <AdminOnly />;
  const list = keys.value;
  return (
    <div class="page">
      <div class="page-head">
        <h1>Keys</h1>
        <Tabs tabs={ADMIN_TABS} label="Administration" />
        <span class="bar-space" />
        {list && list.length > 0 && (
          <button type="button" class="button button-main" onClick={openCreate}>
            <Icon name="plus" /> <span class="wide-only">Make a key</span>
          </button>
        )}
      </div>
      {keysError.value && !list && (
        <Failure what="The keys could not be listed." error={keysError.value} onRetry={refreshKeys} />
      )}
      {!list && !keysError.value && <p class="muted">Loading …</p>}
      {list?.length === 0 && (
        <Empty icon="key" title="There are no keys">
          <p class="muted">This machine may do everything without one, and no other machine is let in.</p>
          <button type="button" class="button button-main" onClick={openCreate}>
            <Icon name="plus" /> Make the first key
          </button>
        </Empty>
      )}
      {list && list.length > 0 && (
        <ul class="panel api-keys">
          {list.map((key) => (
            <KeyRow key={key.id} apiKey={key} />
          ))}
        </ul>
      )}
    </div>
  );
}

function KeyRow({ apiKey }: { apiKey: KeyView }) {
  const { id, name, scopes, origin, createdAt, lastUsedAt, rateLimit } = apiKey;
  const configured = origin === 'config';
  const own = session.value.phase === 'in' && session.value.name === name;
  const facts = [
    configured ? 'from the configuration file' : createdAt === null ? null : `made on ${dateOf(createdAt)}`,
    lastUsedAt === null ? 'never used' : `used ${agoWords(Date.parse(lastUsedAt), now.value)}`,
    rateLimit && `at most ${rateLimit.perMinute.toLocaleString()} requests a minute`,
  ];
  return (
    <li class="api-key" data-key={id}>
      <Icon name="key" />
      <span class="person-text">
        <span class="person-name">
          {name} {own && <span class="tag">this page’s</span>}
        </span>
        <span class="api-key-scopes">
          {scopes.map((scope) => (
            <span key={scope} class="tag tag-group">
              {scope}
            </span>
          ))}
        </span>
        <span class="muted small">{facts.filter(Boolean).join(' · ')}</span>
      </span>
      {!configured && (
        <button
          type="button"
          class="button"
          aria-label={`Revoke ${name}`}
          onClick={() => {
            dialog.value = { name: 'revoke-key', key: apiKey };
          }}
        >
          Revoke
        </button>
      )}
    </li>
  );
}
