import type {
  AccessEvent,
  CameraPatch,
  CameraView,
  DoorView,
  NewCamera,
  ProbeAnswer,
  ProbeRequest,
  ReadyView,
  SessionInfo,
  SubjectView,
  TemplateView,
} from './api-types.ts';
import { call, callFile } from './call.ts';

const at = (...parts: string[]) => parts.map((part) => `/${encodeURIComponent(part)}`).join('');

/** Every call of the server that the console makes. */
export const facegateApi = {
  session: (timeoutMs = 8000) => call<SessionInfo>('/session', { timeoutMs }),
  logIn: (key: string) => call<void>('/session', { method: 'POST', body: { key } }),
  logOut: () => call<void>('/session', { method: 'DELETE' }),

  ready: () => call<ReadyView>('/ready', { accept: [503] }),

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

  subjects: async () => (await call<{ subjects: SubjectView[] }>('/subjects')).subjects,
  createSubject: (name: string) => call<SubjectView>('/subjects', { method: 'POST', body: { name } }),
  removeSubject: (id: string) => call<void>(at('subjects', id), { method: 'DELETE' }),
  addFace: (subjectId: string, picture: Blob, fileName: string) => {
    const form = new FormData();
    form.append('image', picture, fileName);
    return call<TemplateView>(`${at('subjects', subjectId)}/faces`, { method: 'POST', body: form, timeoutMs: 60_000 });
  },

  doors: async () => (await call<{ doors: DoorView[] }>('/doors')).doors,

  /** Ascending. Without `since`: the newest `limit`. */
  events: (query: { since?: number; limit: number }) =>
    call<{ events: AccessEvent[]; latest: number; oldest: number }>(
      `/events?${new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]))}`,
    ),
};
