import type { CameraState } from '../../../pipeline/camera-status.ts';

export type { AccessEvent } from '../../../pipeline/access-event.ts';
export type { CameraState } from '../../../pipeline/camera-status.ts';

export type Scope = 'read' | 'analyse' | 'enrol' | 'admin';

/** `GET /session` */
export interface SessionInfo {
  required: boolean;
  authenticated: boolean;
  name: string | null;
  scopes: string[];
}

/** Milliseconds of one frame in each stage. */
export interface Timings {
  queue: number;
  detect: number;
  embed: number;
  identify: number;
  total: number;
}

/** One camera of `GET /cameras`. Times are ISO 8601. */
export interface CameraView {
  id: string;
  name: string;
  /** Without credentials. */
  url: string;
  origin: 'config' | 'added';
  state: CameraState;
  code: string | null;
  message: string | null;
  since: string;
  connections: number;
  retryAt: string | null;
  fps: { configured: number; analysed: number };
  width: number | null;
  height: number | null;
  ageMs: number | null;
  dropped: { busy: number };
  timings: Timings | null;
  doors: string[];
}

export interface NewCamera {
  id: string;
  name?: string;
  url: string;
  fps?: number;
  transport?: 'tcp' | 'udp';
}

/** `POST /cameras/probe`; `picture` is a data URL of a JPEG. */
export type ProbeAnswer =
  | { ok: true; width: number; height: number; codec: string | null; fps: number | null; picture: string | null }
  | { ok: false; code: string; message: string };

/** One of `GET /subjects`. */
export interface SubjectView {
  id: string;
  name: string;
  templates: number;
  createdAt: string;
}

/** `POST /subjects/:id/faces` */
export interface TemplateView {
  templateId: string;
  quality: number | null;
  qualitySignal: string | null;
  bbox: [number, number, number, number];
}

export interface DoorView {
  id: string;
  name: string;
  cameras: string[];
  /** Names or ids of subjects. */
  allow: string[];
  confirm: { matches: number; withinMs: number };
  maxAgeMs: number;
  cooldownMs: number;
}

/** `GET /ready`, answered with 200 or 503. */
export interface ReadyView {
  ready: boolean;
  version: string;
  reasons: string[];
  models: { role: string; model: string; provider: string; degraded: boolean }[];
  gallery: { subjects: number; templates: number };
  degraded: boolean;
}
