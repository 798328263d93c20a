import { effect, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { AuditEntryView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { now } from '../state/now.ts';
import { createPagedList } from '../state/paged-list.ts';
import { hrefOf } from '../state/route.ts';
import { may } from '../state/session.ts';
import { Empty } from '../ui/empty.tsx';
import { Failure } from '../ui/failure.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { clockTime } from '../ui/time-words.ts';
import { AdminOnly } from './admin-only.tsx';
import { ADMIN_TABS } from './admin-tabs.ts';
import { AUDIT_ACTIONS, actionWords, detailWords } from './audit-words.ts';
import { readAudit } from './read-audit.ts';

const PAGE = 100;
const AFTER_TYPING_MS = 250;

const wantedAction = signal('');
const wantedBy = signal('');

const entries = createPagedList<AuditEntryView>({
  load(after, least) {
    const action = wantedAction.peek();
    const by = wantedBy.peek().trim().toLowerCase();
    return readAudit({
      read: facegateApi.audit,
      from: after === null ? null : Number(after),
      wanted: (entry) => (action === '' || entry.action === action) && entry.by.toLowerCase().includes(by),
      count: Math.max(PAGE, least),
    });
  },
  keyOf: ({ number }) => String(number),
});

/** While the page is open. @returns ends it. */
function keepEntries(): () => void {
  let typing: ReturnType<typeof setTimeout> | undefined;
  let first = true;
  const stop = effect(() => {
    // Read, so that either of them wakes this.
    void [wantedAction.value, wantedBy.value];
    clearTimeout(typing);
    if (first) void entries.restart();
    else typing = setTimeout(entries.restart, AFTER_TYPING_MS);
    first = false;
  });
  return () => {
    clearTimeout(typing);
    stop();
  };
}

/** Who did what to people, keys and rules; newest first. */
export function AuditPage() {
  const admin = may('admin');
  useEffect(() => (admin ? keepEntries() : undefined), [admin]);
  if (!admin) return <AdminOnly />;
  const { items, more, busy, error } = entries.shown.value;
  const filtered = wantedAction.value !== '' || wantedBy.value.trim() !== '';
  return (
    <div class="page">
      <div class="page-head">
        <h1>Audit log</h1>
        <Tabs tabs={ADMIN_TABS} label="Administration" />
        <span class="bar-space" />
        <button type="button" class="button" disabled={busy} onClick={entries.restart}>
          Refresh
        </button>
      </div>
      <div class="form-row">
        <label class="field">
          <span>What</span>
          <select
            value={wantedAction.value}
            onChange={(event) => {
              wantedAction.value = event.currentTarget.value;
            }}
          >
            <option value="">Everything</option>
            {AUDIT_ACTIONS.map((action) => (
              <option key={action} value={action}>
                {actionWords(action)}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>By whom</span>
          <input
            type="search"
            placeholder="A key’s name, command line, …"
            value={wantedBy.value}
            onInput={(event) => {
              wantedBy.value = event.currentTarget.value;
            }}
          />
        </label>
      </div>
      {error !== null && <Failure what="The audit log could not be read." error={error} onRetry={entries.restart} />}
      {!items && error === null && <p class="muted">Loading …</p>}
      {items?.length === 0 &&
        (filtered ? (
          <p class="muted">{more ? 'None among the newest ones that were looked through.' : 'No such entry.'}</p>
        ) : (
          <Empty icon="events" title="Nothing is written down yet">
            <p class="muted">Who enrols, looks at, changes or deletes people, and who makes keys, comes here.</p>
          </Empty>
        ))}
      {items && items.length > 0 && (
        <ol class={busy ? 'panel audit people-busy' : 'panel audit'} aria-label="Newest first" aria-busy={busy}>
          {items.map((entry) => (
            <AuditRow key={entry.number} entry={entry} />
          ))}
        </ol>
      )}
      {more && (
        <button type="button" class="button" disabled={busy} onClick={entries.more}>
          {busy ? 'Looking …' : 'Show earlier ones'}
        </button>
      )}
      <p class="muted small">
        Entries are chained by their hashes: <code>facegate audit verify</code> tells whether one was changed or taken
        out.
      </p>
    </div>
  );
}

function AuditRow({ entry }: { entry: AuditEntryView }) {
  const { number, at, action, by, subject, details } = entry;
  const facts = detailWords(details);
  return (
    <li class="audit-entry" data-number={number} data-action={action}>
      <span class="audit-what">{actionWords(action)}</span>
      <span class="audit-by">by {by}</span>
      <time class="event-time figure" dateTime={at} title={`Number ${number}`}>
        {clockTime(at, now.peek())}
      </time>
      {(subject !== null || facts !== '') && (
        <span class="audit-facts">
          {subject !== null && action !== 'subject.deleted' && (
            <a href={hrefOf('people', subject)} title={subject}>
              person …{subject.slice(-6)}
            </a>
          )}
          {subject !== null && action === 'subject.deleted' && <span title={subject}>person …{subject.slice(-6)}</span>}
          {subject !== null && facts !== '' && ' · '}
          {facts}
        </span>
      )}
    </li>
  );
}
