import type { CameraState, StreamInUse } from '../../../pipeline/camera-status.ts';
import type { Polygon } from '../../../pipeline/polygon.ts';

export type { AccessEvent } from '../../../pipeline/access-event.ts';
export type { CameraState } from '../../../pipeline/camera-status.ts';
export type { AllowedView, DoorView, LockdownView } from './door-view.ts';
export type { DeadLetterView, SinkView, WebhookFacts, WebhookTestView } from './sink-view.ts';

export type Scope = 'read' | 'recognize' | 'enroll' | 'door' | 'pictures' | 'admin';

/** `GET /session` */
export interface SessionInfo {
  /** Who answers, where several tenants share one gateway. */
  tenant: { id: string; name: string } | null;
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

/** One camera of `GET /cameras` (docs/protocol.md). Times are ISO 8601. */
export interface CameraView {
  id: string;
  name: string;
  /** Without credentials: `***` stands for them. */
  url: string;
  origin: 'config' | 'added';
  /** Where the settings and something that was added or drawn disagree; the settings win. */
  conflict: string | null;
  enabled: boolean;
  state: CameraState;
  code: string | null;
  message: string | null;
  since: string;
  connections: number;
  reconnects: { lastHour: number; total: number };
  retryAt: string | null;
  /** Null where there is one address only. */
  streamInUse: StreamInUse | null;
  /** What the camera sends. */
  stream: {
    codec: string;
    width: number;
    height: number;
    fps: number | null;
    decoder: string | null;
    decoderReason: string | null;
    bitsPerSecond: number | null;
  } | null;
  fps: {
    configured: number;
    /** The most that it is analysed at now, and why that is less. */
    effective: number;
    why: 'overload' | null;
    decoded: number | null;
    received: number;
    analysed: number;
  };
  width: number | null;
  height: number | null;
  ageMs: number | null;
  dropped: { busy: number; thinned: number; unchanged: number; pool: number; fault: number };
  decodeErrors: number;
  timings: Timings | null;
  doors: string[];
  zones: Polygon[];
  masks: Polygon[];
  settings: {
    fps: number;
    width: number;
    transport: Transport;
    hwaccel: string;
    failover: string[];
    timeoutMs: number;
    deviceFps: number | null;
    deviceSize: string | null;
    verifyTls: boolean;
  };
}

export type Transport = 'tcp' | 'udp';

/** `PATCH /cameras/:id`: what is missing stays, null sets back to the default. */
export interface CameraPatch {
  name?: string | null;
  url?: string;
  failover?: string[] | null;
  username?: string | null;
  password?: string | null;
  tls?: { verify: boolean } | null;
  fps?: number | null;
  width?: number | null;
  transport?: Transport | null;
  enabled?: boolean | null;
  zones?: readonly Polygon[] | null;
  masks?: readonly Polygon[] | null;
}

/** `POST /cameras` */
export type NewCamera = CameraPatch & { id: string; url: string };

/** `POST /cameras/probe` */
export type ProbeRequest = Pick<NewCamera, 'url' | 'username' | 'password' | 'tls' | 'width' | 'transport'>;

/** How wide a face must be in the camera's own picture, at this width of analysed pictures and of the network's. */
interface FaceReach {
  px: number;
  width: number;
  inputSize: number;
}

export interface ProbeFound {
  ok: true;
  width: number;
  height: number;
  codec: string | null;
  fps: number | null;
  /** A data URL of a JPEG. */
  picture: string | null;
  smallestFace: FaceReach & { framePx: number; limitedBy: 'minFacePx' | 'inputSize' };
  faces: { found: number; tooSmall: number; smallestPx: number | null } | null;
  better: (FaceReach & { why: string }) | null;
}

export type ProbeAnswer = ProbeFound | { ok: false; code: string; message: string };

/** Somebody who is enrolled. Times are ISO 8601. */
export interface SubjectView {
  id: string;
  name: string;
  groups: string[];
  notes: string;
  validFrom: string | null;
  validUntil: string | null;
  consent: Consent | null;
  /** Faces that are searched. */
  templates: number;
  /** Faces of another model than the one that runs. */
  notSearched: number;
  createdAt: string;
  changedAt: string;
  lastSeenAt: string | null;
}

export interface Consent {
  by: string;
  at: string;
  basis: string;
}

/** `PATCH /subjects/:id`: what is missing stays. */
export interface SubjectPatch {
  name?: string;
  groups?: readonly string[];
  notes?: string;
  validFrom?: string | null;
  validUntil?: string | null;
  consent?: Consent | null;
}

/** `GET /subjects`, ascending by name. `after` is the `next` of the page before. */
export interface SubjectsQuery {
  query?: string;
  group?: string;
  limit?: number;
  after?: string;
}

export interface SubjectsPage {
  subjects: SubjectView[];
  /** Null on the last page. */
  next: string | null;
}

export type FaceKind = 'positive' | 'negative';

/** One of `GET /subjects/:id/faces`. */
export interface EnrolledFaceView {
  id: string;
  /** `negative`: this is not the subject, though it looks like it. */
  kind: FaceKind;
  model: string;
  searched: boolean;
  quality: number | null;
  source: string;
  createdAt: string;
  /** Whether its picture was kept. */
  image: boolean;
}

/** `POST /subjects/:id/faces` */
export interface TemplateView {
  templateId: string;
  quality: number | null;
  qualitySignal: string | null;
  bbox: [number, number, number, number];
  /** What to know of it, a sentence: a look-alike that does not matter yet. */
  note?: string | null;
}

/** A face that was seen and is nobody's, with all of its look-alikes. */
export interface UnknownView {
  id: string;
  /** How many faces it was seen on. */
  faces: number;
  cameras: string[];
  firstSeenAt: string;
  lastSeenAt: string;
  quality: number | null;
  /** Who it looks like most, though not enough. */
  resembles: { subject: { id: string; name: string }; similarity: number } | null;
}

/** `GET /unknowns` */
export interface UnknownsView {
  keepMinutes: number;
  unknowns: UnknownView[];
}

/** One of `GET /keys`. */
export interface KeyView {
  id: string;
  name: string;
  scopes: string[];
  origin: string;
  createdAt: string | null;
  lastUsedAt: string | null;
  rateLimit: { perMinute: number } | null;
}

/** `POST /keys`: the only answer that has the key itself. */
export interface NewKeyView {
  id: string;
  name: string;
  scopes: string[];
  key: string;
}

/** One of `GET /audit`. */
export interface AuditEntryView {
  /** From 1, without gaps. */
  number: number;
  at: string;
  action: string;
  by: string;
  /** Id of the subject that it was about. */
  subject: string | null;
  details: Record<string, string | number | boolean | null>;
  hash: string;
}

/** What runs one of the networks. */
export interface RoleView {
  role: 'detector' | 'landmarks' | 'embedder' | 'previous-embedder' | 'scorer';
  model: string;
  provider: string;
  degraded: boolean;
  /** What was tried before, and why it did not do. */
  passedOver: { provider: string; why: string }[];
  /** The heavier model that was asked for and ran out of memory. */
  insteadOf: string | null;
}

/** `GET /ready`, answered with 200 or 503. */
export interface ReadyView {
  ready: boolean;
  version: string;
  reasons: string[];
  models: RoleView[];
  gallery: { subjects: number; templates: number };
  degraded: boolean;
}
