import type {
  AccessEvent,
  AuditEntryView,
  CameraPatch,
  CameraView,
  DeadLetterView,
  DoorView,
  EnrolledFaceView,
  FaceKind,
  KeyView,
  NewCamera,
  NewKeyView,
  ProbeAnswer,
  ProbeRequest,
  ReadyView,
  Scope,
  SessionInfo,
  SinkView,
  SubjectPatch,
  SubjectsPage,
  SubjectsQuery,
  SubjectView,
  TemplateView,
  UnknownsView,
  WebhookTestView,
} from './api-types.ts';
import { call, callFile } from './call.ts';
import { ownAddress } from './own-address.ts';

const at = (...parts: string[]) => parts.map((part) => `/${encodeURIComponent(part)}`).join('');

/** `?a=1&b=2`; nothing where nothing is asked. */
function queryOf(query: object): string {
  const asked = new URLSearchParams();
  for (const [key, value] of Object.entries(query))
    if (value !== undefined && value !== '') asked.set(key, String(value));
  return asked.size === 0 ? '' : `?${asked}`;
}

/** Somebody who is enrolled, or somebody new. */
export type WhoItIs = { subjectId: string } | { name: string };

export interface FaceTerms {
  kind?: FaceKind;
  /** Though it looks like somebody else. */
  force?: boolean;
}

export interface EventsQuery {
  since?: number;
  before?: number;
  limit: number;
  /** Comma-separated. */
  types?: string;
  doors?: string;
  camera?: string;
  /** A name or an id, exactly. */
  subject?: string;
}

export interface EventsAnswer {
  events: AccessEvent[];
  /** Number of the newest event of the log. */
  latest: number;
  /** Of the oldest that is kept. */
  oldest: number;
  /** What to give as `before` for what came before these; null where nothing older is kept. */
  previous: number | null;
}

/** Every call of the server that the console makes. */
export const facegateApi = {
  session: (timeoutMs = 8000) => call<SessionInfo>('/session', { timeoutMs }),
  logIn: (key: string) => call<void>('/session', { method: 'POST', body: { key }, ahead: true }),
  logOut: () => call<void>('/session', { method: 'DELETE' }),

  // What is not ready says so with 503; so does a server that is closing, and its answer is no readiness.
  ready: () =>
    call<ReadyView>('/ready', {
      accept: (status, body) => status === 503 && typeof body === 'object' && body !== null && 'gallery' in body,
    }),

  cameras: async () => (await call<{ cameras: CameraView[] }>('/cameras', { timeoutMs: 8000 })).cameras,
  addCamera: (camera: NewCamera) => call<CameraView>('/cameras', { method: 'POST', body: camera }),
  /** It answers when the camera's old ffmpeg is gone. */
  changeCamera: (id: string, patch: CameraPatch) =>
    call<CameraView>(at('cameras', id), { method: 'PATCH', body: patch, timeoutMs: 20_000 }),
  removeCamera: (id: string) => call<void>(at('cameras', id), { method: 'DELETE', timeoutMs: 20_000 }),
  probeCamera: (camera: ProbeRequest, signal?: AbortSignal) =>
    call<ProbeAnswer>('/cameras/probe', {
      method: 'POST',
      body: camera,
      timeoutMs: 40_000,
      ...(signal ? { signal } : {}),
    }),

  /** Of a camera that is there, with the password that it has. */
  probeKnownCamera: (id: string, signal?: AbortSignal) =>
    call<ProbeAnswer>(`${at('cameras', id)}/probe`, {
      method: 'POST',
      timeoutMs: 40_000,
      ...(signal ? { signal } : {}),
    }),
  /** The newest analysed picture and its number. */
  snapshot: async (id: string) => {
    const { headers, file } = await callFile(`${at('cameras', id)}/snapshot.jpg`);
    const sequence = headers.get('x-facegate-sequence');
    return { jpeg: file, sequence: sequence === null ? null : Number(sequence) };
  },

  subjects: (query: SubjectsQuery, signal?: AbortSignal) =>
    call<SubjectsPage>(`/subjects${queryOf(query)}`, { timeoutMs: 20_000, ...(signal ? { signal } : {}) }),
  groups: async () => (await call<{ groups: { name: string; subjects: number }[] }>('/groups')).groups,
  subject: (id: string) => call<SubjectView>(at('subjects', id)),
  createSubject: (name: string) => call<SubjectView>('/subjects', { method: 'POST', body: { name } }),
  changeSubject: (id: string, patch: SubjectPatch) =>
    call<SubjectView>(at('subjects', id), { method: 'PATCH', body: patch }),
  removeSubject: (id: string) => call<void>(at('subjects', id), { method: 'DELETE' }),

  faces: async (subjectId: string) =>
    (await call<{ faces: EnrolledFaceView[] }>(`${at('subjects', subjectId)}/faces`)).faces,
  addFace: (subjectId: string, picture: Blob, fileName: string, { kind, force }: FaceTerms = {}) => {
    const form = new FormData();
    form.append('image', picture, fileName);
    const query = queryOf({ ...(kind && kind !== 'positive' && { kind }), ...(force && { force: 'true' }) });
    return call<TemplateView>(`${at('subjects', subjectId)}/faces${query}`, {
      method: 'POST',
      body: form,
      timeoutMs: 60_000,
    });
  },
  removeFace: (subjectId: string, id: string) =>
    call<void>(at('subjects', subjectId, 'faces', id), { method: 'DELETE' }),
  /** For an `<img>`. */
  faceImage: (subjectId: string, id: string) => ownAddress(`${at('subjects', subjectId, 'faces', id)}/image.jpg`),

  /** With a moment of a camera: those who were there then. */
  unknowns: (moment?: { camera: string; frame: number }) =>
    call<UnknownsView>(`/unknowns${moment ? queryOf(moment) : ''}`),
  /** For an `<img>`. */
  unknownImage: (id: string) => ownAddress(`${at('unknowns', id)}/face.jpg`),
  nameUnknown: (id: string, who: WhoItIs, { force = false } = {}) =>
    call<{ subject: { name: string }; templates: number }>(
      `${at('unknowns', id)}/subject${force ? '?force=true' : ''}`,
      { method: 'POST', body: who },
    ),
  dismissUnknown: (id: string) => call<void>(at('unknowns', id), { method: 'DELETE' }),

  /** The picture of the moment that an event is about. */
  eventPicture: async (id: string) => (await callFile(`${at('events', id)}/snapshot`)).file,

  keys: async () => (await call<{ keys: KeyView[] }>('/keys')).keys,
  createKey: (key: { name: string; scopes: readonly Scope[]; rateLimit?: { perMinute: number } }) =>
    call<NewKeyView>('/keys', { method: 'POST', body: key, ahead: true }),
  audit: (query: { after: number; limit: number }) =>
    call<{ entries: AuditEntryView[]; latest: number }>(`/audit${queryOf(query)}`),
  revokeKey: (id: string) => call<void>(at('keys', id), { method: 'DELETE' }),

  sinks: async () => (await call<{ sinks: SinkView[] }>('/sinks')).sinks,
  /** The newest first. */
  deadLetters: async (id: string, limit: number) =>
    (await call<{ dead: DeadLetterView[] }>(`${at('sinks', id)}/dead${queryOf({ limit })}`)).dead,
  resend: (id: string, ids: readonly string[] | 'all') =>
    call<{ resent: number }>(`${at('sinks', id)}/resend`, { method: 'POST', body: { ids } }),
  enableSink: (id: string) => call<{ wasDisabled: boolean }>(`${at('sinks', id)}/enable`, { method: 'POST' }),
  /** It waits for the receiver's answer. */
  testSink: (id: string) => call<WebhookTestView>(`${at('sinks', id)}/test`, { method: 'POST', timeoutMs: 30_000 }),

  doors: async () => (await call<{ doors: DoorView[] }>('/doors')).doors,
  /** One door's switch; of null, that of every door. */
  setLockdown: (id: string | null, active: boolean, reason: string) =>
    call<unknown>(id === null ? '/doors/lockdown' : `${at('doors', id)}/lockdown`, {
      method: 'POST',
      body: { active, ...(reason !== '' && { reason }) },
    }),
  unlock: (id: string, reason: string) =>
    call<unknown>(`${at('doors', id)}/unlock`, { method: 'POST', body: reason === '' ? {} : { reason } }),

  /** Ascending. Without `since`: the newest `limit`, below the number `before` where it is given. */
  events: (query: EventsQuery, signal?: AbortSignal) =>
    call<EventsAnswer>(`/events${queryOf(query)}`, { timeoutMs: 30_000, ...(signal ? { signal } : {}) }),
};
