import { useEffect, useState } from 'preact/hooks';
import { errorText } from '../api/api-error.ts';
import type { SubjectView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { announce } from '../state/announce.ts';
import { galleryChanged } from '../state/gallery-changes.ts';
import { session } from '../state/session.ts';
import { localZone, toLocalInput } from '../ui/local-time.ts';
import { GroupField } from './group-field.tsx';
import { keepGroups } from './known-groups.ts';
import { changeOf, draftOf, LONGEST_NAME, LONGEST_NOTES, type PersonDraft } from './person-draft.ts';

interface PersonFormProps {
  subject: SubjectView;
  onSaved(subject: SubjectView): void;
}

/** Name, groups, notes, validity and consent of one person. */
export function PersonForm({ subject, onSaved }: PersonFormProps) {
  const [draft, setDraft] = useState<PersonDraft>(() => draftOf(subject));
  useEffect(keepGroups, []);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [saved, setSaved] = useState(false);
  const change = changeOf(subject, draft);
  const changed = 'problem' in change || Object.keys(change.patch).length > 0;

  const set = (part: Partial<PersonDraft>) => {
    setDraft((before) => ({ ...before, ...part }));
    setProblem(null);
    setSaved(false);
  };
  const save = async (event: Event) => {
    event.preventDefault();
    if ('problem' in change) return setProblem(change.problem);
    setBusy(true);
    setProblem(null);
    try {
      const answer = await facegateApi.changeSubject(subject.id, change.patch);
      onSaved(answer);
      setDraft(draftOf(answer));
      setSaved(true);
      announce(`${answer.name} is saved.`);
      galleryChanged();
    } catch (error) {
      setProblem(errorText(error));
    } finally {
      setBusy(false);
    }
  };
  const { name: caller } = session.value.phase === 'in' ? session.value : { name: null };

  return (
    <form class="panel pad form" onSubmit={save} aria-label="Details">
      <label class="field">
        <span>Name</span>
        <input
          type="text"
          autocomplete="off"
          maxLength={LONGEST_NAME}
          value={draft.name}
          onInput={(event) => set({ name: event.currentTarget.value })}
        />
      </label>
      <GroupField groups={draft.groups} onChange={(groups) => set({ groups })} />
      <div class="form-row">
        <label class="field field-moment">
          <span>
            Valid from <span class="muted">empty: from the start</span>
          </span>
          <input
            type="datetime-local"
            value={draft.validFrom}
            onInput={(event) => set({ validFrom: event.currentTarget.value })}
          />
        </label>
        <label class="field field-moment">
          <span>
            Valid until <span class="muted">empty: without end</span>
          </span>
          <input
            type="datetime-local"
            value={draft.validUntil}
            onInput={(event) => set({ validUntil: event.currentTarget.value })}
          />
        </label>
      </div>
      <p class="muted small">
        Outside this time the person is not recognised. Times are this browser’s ({localZone()}).
      </p>
      <label class="field">
        <span>Notes</span>
        <textarea
          rows={3}
          maxLength={LONGEST_NOTES}
          value={draft.notes}
          onInput={(event) => set({ notes: event.currentTarget.value })}
        />
      </label>
      <fieldset class="consent">
        <legend>Consent</legend>
        <label class="check">
          <input
            type="checkbox"
            checked={draft.consented}
            onChange={(event) => {
              const consented = event.currentTarget.checked;
              const blank = consented && draft.consentBy === '' && draft.consentAt === '';
              set({
                consented,
                ...(blank && { consentBy: caller ?? '', consentAt: toLocalInput(new Date().toISOString()) }),
              });
            }}
          />
          The person’s consent, or another basis, is recorded
        </label>
        {draft.consented && (
          <div class="form-row">
            <label class="field">
              <span>Recorded by</span>
              <input
                type="text"
                maxLength={200}
                value={draft.consentBy}
                onInput={(event) => set({ consentBy: event.currentTarget.value })}
              />
            </label>
            <label class="field field-moment">
              <span>When</span>
              <input
                type="datetime-local"
                value={draft.consentAt}
                onInput={(event) => set({ consentAt: event.currentTarget.value })}
              />
            </label>
            <label class="field field-whole">
              <span>Basis</span>
              <input
                type="text"
                maxLength={500}
                placeholder="Signed form, contract, …"
                value={draft.consentBasis}
                onInput={(event) => set({ consentBasis: event.currentTarget.value })}
              />
            </label>
          </div>
        )}
      </fieldset>
      <p class="problem" role="alert">
        {problem}
      </p>
      <div class="dialog-actions">
        {changed && (
          <button
            type="button"
            class="button"
            disabled={busy}
            onClick={() => {
              set(draftOf(subject));
            }}
          >
            Discard changes
          </button>
        )}
        <button type="submit" class="button button-main" disabled={busy || !changed}>
          {busy ? 'Saving …' : saved && !changed ? 'Saved' : 'Save'}
        </button>
      </div>
    </form>
  );
}
