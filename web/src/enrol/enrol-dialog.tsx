import { useEffect, useRef, useState } from 'preact/hooks';
import { errorText } from '../api/api-error.ts';
import type { FaceKind, SubjectView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { picturesWords } from '../people/person-words.ts';
import { subjectNamed } from '../people/subject-lookup.ts';
import { closeDialog } from '../shell/open-dialog.ts';
import { announce } from '../state/announce.ts';
import { cameras } from '../state/cameras.ts';
import { galleryChanged } from '../state/gallery-changes.ts';
import { Dialog } from '../ui/dialog.tsx';
import { enrol } from './enrol.ts';
import { collisionOf, collisionWords, refusalWords } from './enrol-words.ts';
import { GuidedCapture } from './guided-capture.tsx';
import { draftPicture, type PictureDraft } from './picture-draft.ts';
import { PictureDrop } from './picture-drop.tsx';
import { PictureList } from './picture-list.tsx';
import { useNamesake } from './use-namesake.ts';

interface EnrolDialogProps {
  /** Null: somebody new. */
  subject: SubjectView | null;
  picture?: File | undefined;
  /** `negative`: faces that are not the subject's, though they look like them. */
  kind?: FaceKind | undefined;
}

const api = { ...facegateApi, subjectNamed };

/** A name and pictures in; what became of each picture stays to be read. */
export function EnrolDialog({ subject, picture, kind = 'positive' }: EnrolDialogProps) {
  const [person, setPerson] = useState(subject);
  const [name, setName] = useState(subject?.name ?? '');
  const [pictures, setPictures] = useState<readonly PictureDraft[]>([]);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [capturing, setCapturing] = useState(false);
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
  const insist = (key: string) => {
    setPictures((list) =>
      list.map((one) =>
        one.key === key ? { ...one, at: 'waiting', force: true, note: 'insisted on', collision: null } : one,
      ),
    );
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
  const namesake = useNamesake(name, person === null && !busy);
  const hasCamera = cameras.value?.some(({ enabled, state }) => enabled && state === 'running') ?? false;

  const submit = async (event: Event) => {
    event.preventDefault();
    const wanted = name.trim();
    if (person === null && wanted === '') return setProblem('Enter the name first.');
    if (waiting.length === 0) return setProblem('Add a picture first.');
    setBusy(true);
    setProblem(null);
    let newly = 0;
    let noted = false;
    try {
      const onPicture = (key: string, outcome: Outcome) => {
        if (outcome !== 'sending' && outcome.taken) {
          newly += 1;
          noted ||= outcome.note !== null;
        }
        setPictures((list) => list.map((one) => (one.key === key ? { ...one, ...became(outcome, wanted) } : one)));
      };
      const result = await enrol(person ?? namesake ?? wanted, waiting, api, onPicture, kind);
      setPerson(result);
      if (result && newly > 0) {
        announce(
          kind === 'negative'
            ? `${newly} ${newly === 1 ? 'face is' : 'faces are'} kept apart from ${result.name}.`
            : `${result.name} is enrolled with ${result.templates} ${result.templates === 1 ? 'picture' : 'pictures'}.`,
        );
        if (newly === waiting.length && !noted && pictures.every(({ at }) => at !== 'refused')) closeDialog();
      } else if (!result) {
        setProblem(`${wanted} is not enrolled: no picture could be used.`);
      }
    } catch (error) {
      setProblem(errorText(error));
    } finally {
      setBusy(false);
      galleryChanged();
    }
  };

  const title =
    kind === 'negative' ? `Not ${subject?.name}` : subject ? `More pictures of ${subject.name}` : 'Enrol a person';
  if (capturing) {
    return (
      <Dialog key="camera" title={title} onClose={() => setCapturing(false)} wide>
        <GuidedCapture taken={waiting.length} onShot={(shot) => void add([shot])} onDone={() => setCapturing(false)} />
      </Dialog>
    );
  }
  return (
    <Dialog key="form" title={title} onClose={closeDialog}>
      <form class="form" onSubmit={submit}>
        {kind === 'negative' && (
          <p class="note">
            Faces that are taken for {subject?.name} and are not: a look-alike, a poster, a picture on a shirt. A face
            that is at least as much like one of these is no longer taken for {subject?.name}.
          </p>
        )}
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
            {namesake.name} is in the list already ({picturesWords(namesake)}). These are added to that person.
          </p>
        )}
        <PictureDrop onFiles={add} onCamera={hasCamera ? () => setCapturing(true) : null} disabled={busy} />
        {pictures.length > 0 && <PictureList pictures={pictures} onRemove={drop} onInsist={insist} />}
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

function became(outcome: Outcome, name: string): Partial<PictureDraft> {
  if (outcome === 'sending') return { at: 'sending', note: null };
  if (outcome.taken) {
    const quality = outcome.quality === null ? null : `quality ${outcome.quality.toFixed(2)}`;
    return { at: 'taken', note: [quality, outcome.note].filter(Boolean).join('; ') || null };
  }
  const collision = collisionOf(outcome.error);
  return {
    at: 'refused',
    note: collision ? collisionWords(name, collision) : refusalWords(outcome.error),
    collision,
  };
}
