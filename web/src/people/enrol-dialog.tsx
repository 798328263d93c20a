import { useEffect, useRef, useState } from 'preact/hooks';
import { errorText } from '../api/api-error.ts';
import type { SubjectView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { closeDialog } from '../shell/open-dialog.ts';
import { announce } from '../state/announce.ts';
import { refreshSubjects, subjectNamed } from '../state/subjects.ts';
import { Dialog } from '../ui/dialog.tsx';
import { enrol } from './enrol.ts';
import { refusalWords } from './enrol-words.ts';
import { draftPicture, type PictureDraft } from './picture-draft.ts';
import { PictureDrop } from './picture-drop.tsx';
import { PictureList } from './picture-list.tsx';

interface EnrolDialogProps {
  /** Null: somebody new. */
  subject: SubjectView | null;
  picture?: File | undefined;
}

/** A name and pictures in; what became of each picture stays to be read. */
export function EnrolDialog({ subject, picture }: EnrolDialogProps) {
  const [person, setPerson] = useState(subject);
  const [name, setName] = useState(subject?.name ?? '');
  const [pictures, setPictures] = useState<readonly PictureDraft[]>([]);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const keys = useRef(new Set<string>());

  const add = async (files: readonly File[]) => {
    setProblem(null);
    let doubles = 0;
    for (const file of files) {
      const draft = await draftPicture(file);
      if (keys.current.has(draft.key)) {
        doubles += 1;
        continue;
      }
      keys.current.add(draft.key);
      setPictures((list) => [...list, draft]);
    }
    if (doubles > 0) setProblem(`${doubles === 1 ? 'One picture is' : `${doubles} pictures are`} in the list already.`);
  };
  const drop = (key: string) => {
    keys.current.delete(key);
    setPictures((list) => list.filter((one) => one.key !== key));
  };

  useEffect(() => {
    if (picture) void add([picture]);
  }, []);
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      void add(files);
    };
    document.addEventListener('paste', paste);
    return () => document.removeEventListener('paste', paste);
  }, []);

  const waiting = pictures.filter(({ at }) => at === 'waiting');
  const taken = pictures.filter(({ at }) => at === 'taken').length;
  const finished = !busy && taken > 0 && waiting.length === 0;
  const namesake = person === null ? subjectNamed(name) : undefined;

  const submit = async (event: Event) => {
    event.preventDefault();
    const wanted = name.trim();
    if (person === null && wanted === '') return setProblem('Enter the name first.');
    if (waiting.length === 0) return setProblem('Add a picture first.');
    setBusy(true);
    setProblem(null);
    let newly = 0;
    try {
      const result = await enrol(person ?? namesake ?? wanted, waiting, facegateApi, (key, outcome) => {
        if (outcome !== 'sending' && outcome.taken) newly += 1;
        setPictures((list) => list.map((one) => (one.key === key ? { ...one, ...became(outcome) } : one)));
      });
      setPerson(result);
      if (result && newly > 0) {
        const said = `${result.name} is enrolled with ${result.templates} ${result.templates === 1 ? 'picture' : 'pictures'}.`;
        announce(said);
        if (newly === waiting.length && pictures.every(({ at }) => at !== 'refused')) closeDialog();
      } else if (!result) {
        setProblem(`${wanted} is not enrolled: no picture could be used.`);
      }
    } catch (error) {
      setProblem(errorText(error));
    } finally {
      setBusy(false);
      void refreshSubjects();
    }
  };

  return (
    <Dialog title={subject ? `More pictures of ${subject.name}` : 'Enrol a person'} onClose={closeDialog}>
      <form class="form" onSubmit={submit}>
        {subject === null && (
          <label class="field">
            <span>Name</span>
            <input
              type="text"
              name="name"
              autocomplete="off"
              maxLength={200}
              autofocus
              value={name}
              readOnly={person !== null}
              onInput={(event) => {
                setName(event.currentTarget.value);
                setProblem(null);
              }}
            />
          </label>
        )}
        {namesake && (
          <p class="note">
            {namesake.name} is enrolled already, with {namesake.templates}{' '}
            {namesake.templates === 1 ? 'picture' : 'pictures'}. These are added to that person.
          </p>
        )}
        <PictureDrop onFiles={add} disabled={busy} />
        {pictures.length > 0 && <PictureList pictures={pictures} onRemove={drop} />}
        <p class="problem" role="alert">
          {problem}
        </p>
        <div class="dialog-actions">
          {finished ? (
            <button type="button" class="button button-main" onClick={closeDialog}>
              Done
            </button>
          ) : (
            <>
              <button type="button" class="button" onClick={closeDialog}>
                {taken > 0 ? 'Done' : 'Cancel'}
              </button>
              <button type="submit" class="button button-main" disabled={busy}>
                {busy
                  ? 'Enrolling …'
                  : taken > 0
                    ? 'Add these too'
                    : namesake || subject
                      ? 'Add the pictures'
                      : 'Enrol'}
              </button>
            </>
          )}
        </div>
      </form>
    </Dialog>
  );
}

type Outcome = Parameters<Parameters<typeof enrol>[3]>[1];

function became(outcome: Outcome): Pick<PictureDraft, 'at' | 'note'> {
  if (outcome === 'sending') return { at: 'sending', note: null };
  if (!outcome.taken) return { at: 'refused', note: refusalWords(outcome.error) };
  return { at: 'taken', note: outcome.quality === null ? null : `quality ${outcome.quality.toFixed(2)}` };
}
