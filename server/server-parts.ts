import type { Logger as PinoLogger } from 'pino';
import type { WebSocket } from 'ws';
import type { Doors } from '../access/doors.ts';
import type { EventLog } from '../access/event-log.ts';
import type { ErrorCode } from '../config/error-codes.ts';
import type { CameraSettings, Settings } from '../config/settings-schema.ts';
import type { Subject } from '../gallery/subject.ts';
import type { SubjectGallery } from '../gallery/subject-gallery.ts';
import type { AuditRecord, AuditTrail } from '../pipeline/audit.ts';
import type { CameraState, StreamInUse } from '../pipeline/camera-status.ts';
import type { AnalysedFace } from '../pipeline/face.ts';
import type { StageTimings } from '../pipeline/frame-result.ts';
import type { RecognitionThresholds } from '../pipeline/judge-candidates.ts';
import type { PixelImage } from '../pipeline/pixel-image.ts';
import type { Clock, FaceAnalyser, Gallery } from '../pipeline/ports.ts';
import type { EventFeed } from '../sinks/event-feed.ts';
import type { BehindGateway } from './callers/behind-gateway.ts';
import type { KeyStore } from './callers/key-store.ts';
import type { CameraInput } from './cameras/camera-store.ts';
import type { CameraPatch } from './cameras/remote-camera.ts';
import type { Metrics } from './metrics.ts';
import type { EventSinks } from './open-event-sinks.ts';
import type { Steps } from './pictures/load-steps.ts';
import type { Snapshots } from './snapshots/snapshots.ts';

/** Everything the routes need, wired in the composition root (tenant.ts). The server owns none of it and closes none of it. */
export interface ServerParts {
  readonly settings: Settings;
  /** Folder that relative paths in the settings (TLS files) start from. */
  readonly baseDir: string;
  readonly version: string;
  /** Whose server this is; `name` is for people. */
  readonly tenant: { readonly id: string; readonly name: string };
  /** Set where people reach it through a gateway only. */
  readonly behind?: BehindGateway | undefined;
  readonly clock: Clock;
  readonly log: PinoLogger;
  readonly analyser: Pick<FaceAnalyser, 'analyse'>;
  readonly compare: CompareCalibration;
  /** What it takes to be known. */
  readonly thresholds: RecognitionThresholds;
  /** What runs which network; asked anew for each /ready. */
  roles(): readonly RoleReport[];
  /** Which models were chosen at the start, and why; for people. */
  readonly chosen: string;
  /** Why the server cannot do its work at this moment, one line each without credentials; empty when it can. */
  faults(): readonly string[];
  readonly gallery: SubjectStore;
  /**
   * Adds the one face of `image` to the subject.
   * @throws {AppError} SUBJECT_NOT_FOUND, FACE_NOT_FOUND, FACE_NOT_UNIQUE or FACE_UNFIT; SUBJECT_COLLISION, unless `force` or a negative.
   */
  enrol(request: {
    subjectId: string;
    image: PixelImage;
    source: string;
    /** Smallest detection confidence that counts, 0..1. Default: the detector's setting. */
    confidence?: number;
    /** `negative`: this is not the subject, though it looks like it. Default `positive`. */
    kind?: 'positive' | 'negative';
    force?: boolean;
  }): Promise<Enrolled>;
  readonly unknowns: UnknownStore;
  readonly events: EventReader;
  readonly doors: DoorGate;
  readonly cameras: CameraRegistry;
  readonly live: LiveGate;
  readonly preview: PreviewGate;
  readonly feed: EventGate;
  readonly snapshots: SnapshotGate;
  readonly sinks: Pick<EventSinks, 'views' | 'webhooks'>;
  readonly metrics: Metrics;
  readonly keys: KeyStore;
  /** Whoever does something to a subject, a key or the gallery records it here, after the deed. */
  readonly audit: AuditTrail & AuditReader;
  readonly steps: Steps;
  /** Folder with the built console (web/dist); it may be missing. */
  readonly consoleDir: string;
}

/** How the running embedder's cosine is read. */
export interface CompareCalibration {
  /** Cosine from which two faces are one person. */
  readonly threshold: number;
  /** How steep `similarity` is at the threshold of the calibration: 4 × its derivative there, in cosines. */
  readonly slope: number;
  /** Maps a cosine to 0..1. */
  similarity(cosine: number): number;
}

/** Which execution provider proved to run a role's network. */
export interface RoleReport {
  readonly role: 'detector' | 'landmarks' | 'embedder' | 'previous-embedder' | 'scorer';
  readonly model: string;
  readonly requested: 'auto' | readonly string[];
  readonly provider: string;
  /** `cpu`, `cuda:0`, `MIG-…`, or the provider's own name. */
  readonly device: string;
  readonly isolation: 'shared' | 'process' | 'thread';
  /** Convolutions and matrix products by provider, as the profiled warm-up counted them. */
  readonly nodes: Readonly<Record<string, number>>;
  readonly degraded: boolean;
  /** Providers that were tried before this one, and why they did not do. */
  readonly passedOver: readonly { readonly provider: string; readonly why: string }[];
  readonly processes: number;
  readonly restarts: number;
  /** The heavier model that was asked for and ran out of memory again and again. */
  readonly insteadOf: string | null;
}

/** The part of the gallery that the routes use. */
export type SubjectStore = Gallery &
  Pick<
    SubjectGallery,
    | 'model'
    | 'width'
    | 'size'
    | 'page'
    | 'groups'
    | 'subjects'
    | 'subject'
    | 'subjectNamed'
    | 'createSubject'
    | 'changeSubject'
    | 'removeSubject'
    | 'templates'
    | 'templatePage'
    | 'template'
    | 'removeTemplate'
    | 'image'
    | 'embedding'
    | 'similarity'
    | 'seen'
  >;

export interface Enrolled {
  readonly templateId: string;
  readonly quality: number | null;
  readonly face: AnalysedFace;
  /** What to know of it, a sentence (a negative that does not matter yet); null where there is nothing. */
  readonly note: string | null;
}

/** Somebody whom the cameras saw and nobody knew. Times are ISO 8601, UTC. */
export interface UnknownView {
  readonly id: string;
  /** In so many pictures of the cameras. */
  readonly faces: number;
  /** Ids. */
  readonly cameras: readonly string[];
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  /** 0..1, of the best face held. */
  readonly quality: number | null;
  /** Whom they look like most, if anybody. */
  readonly resembles: {
    readonly subject: { readonly id: string; readonly name: string };
    readonly similarity: number;
  } | null;
}

/** Who an unknown person is: a subject that exists, or a new one. */
export type WhoItIs = { readonly subjectId: string } | { readonly name: string; readonly groups?: readonly string[] };

export interface NamedUnknown {
  readonly subject: Subject;
  /** How many faces became templates. */
  readonly templates: number;
  readonly created: boolean;
}

/** Those whom nobody was known by, for a while. Implemented by unknowns/unknown-people.ts. */
export interface UnknownStore {
  /** How long a face is held, milliseconds; 0: none is. */
  readonly keepMs: number;
  /** Last seen first; with `camera` those seen by it, with `frame` those who were in front of it around that frame. */
  list(o?: { camera?: string; frame?: number }): Promise<UnknownView[]>;
  /**
   * A JPEG.
   * @throws {AppError} UNKNOWN_NOT_FOUND also while there is no picture.
   */
  picture(id: string): Buffer;
  /** @throws {AppError} UNKNOWN_NOT_FOUND, SUBJECT_NOT_FOUND, SUBJECT_EXISTS; SUBJECT_COLLISION unless `force`. */
  name(id: string, who: WhoItIs, o?: { force?: boolean }): Promise<NamedUnknown>;
  /** @throws {AppError} UNKNOWN_NOT_FOUND */
  forget(id: string): void;
}

/** The part of the event log that the routes use. Sequences are 0 while the log is empty. */
export type EventReader = Pick<EventLog, 'page' | 'lastSequence' | 'oldestSequence'>;

/** What the routes may do with the doors. */
export type DoorGate = Pick<Doors, 'views' | 'view' | 'lockDown' | 'release' | 'unlock'>;

/** The part of the audit log that its route uses. */
export interface AuditReader {
  /** Ascending. @throws {AppError} AUDIT_UNAVAILABLE */
  read(o: { after?: number; limit: number }): AuditRecord[];
  /** The newest entry; number 0 before the first. */
  readonly last: { readonly number: number; readonly hash: string };
}

/** A camera as the outside sees it: JSON as it is. Times are ISO 8601, UTC. */
export interface CameraView {
  readonly id: string;
  readonly name: string;
  /** Without credentials. */
  readonly url: string;
  /** `config`: from the settings. `added`: over REST, and kept. */
  readonly origin: 'config' | 'added';
  /** Where the settings and something kept disagree, a sentence; the settings win. */
  readonly conflict: string | null;
  /** False: known, but not connected to. */
  readonly enabled: boolean;
  readonly state: CameraState;
  readonly code: ErrorCode | null;
  readonly message: string | null;
  readonly since: string;
  readonly connections: number;
  readonly reconnects: { readonly lastHour: number; readonly total: number };
  readonly retryAt: string | null;
  /** Which address is connected to; null where there is only one, and before the first attempt. */
  readonly streamInUse: StreamInUse | null;
  /** What the camera sends, before thinning out and scaling; null before that is known. */
  readonly stream: {
    readonly codec: string;
    readonly width: number;
    readonly height: number;
    readonly fps: number | null;
    /** What decodes it: `software`, or the name of the hardware; null before the first picture. */
    readonly decoder: string | null;
    /** Why that is not what was asked for; null where it is. */
    readonly decoderReason: string | null;
    /** Measured; null where the compressed video is not seen (webcams, films). */
    readonly bitsPerSecond: number | null;
  } | null;
  /** Frames a second, but for `configured` over the last seconds: out of the decoder, thinned out, analysed. */
  readonly fps: {
    readonly configured: number;
    /** What it is analysed at now, at most: `configured`, or less while the networks cannot keep up. */
    readonly effective: number;
    /** Why that is less; null where it is not. */
    readonly why: 'overload' | null;
    readonly decoded: number | null;
    readonly received: number;
    readonly analysed: number;
  };
  /** Of the newest analysed frame; null before the first. */
  readonly width: number | null;
  readonly height: number | null;
  /** How old the newest analysed picture is now, milliseconds. */
  readonly ageMs: number | null;
  /** Since it was started, by reason. */
  readonly dropped: {
    readonly busy: number;
    readonly thinned: number;
    readonly unchanged: number;
    readonly pool: number;
    readonly fault: number;
  };
  readonly decodeErrors: number;
  /** Of the newest analysed frame, milliseconds. */
  readonly timings: StageTimings | null;
  /** Ids of the doors that listen to it. */
  readonly doors: readonly string[];
  readonly zones: CameraSettings['zones'];
  readonly masks: CameraSettings['masks'];
  /** What may be changed and stands nowhere above. */
  readonly settings: Pick<CameraSettings, 'fps' | 'width' | 'transport' | 'hwaccel'> & {
    /** Without credentials. */
    readonly failover: readonly string[];
    readonly timeoutMs: number;
    readonly deviceFps: number | null;
    readonly deviceSize: string | null;
    readonly verifyTls: boolean;
  };
}

/** The newest analysed frame of a camera. */
export interface LatestPicture {
  readonly sequence: number;
  /** How old its picture is at the call that returned this, milliseconds. */
  readonly ageMs: number;
  /** The JPEG of that very frame; `annotated` with boxes and names burnt in. */
  jpeg(o: { annotated: boolean }): Promise<Buffer>;
}

/** What one short connection to a camera showed; a bad camera is an answer, not an error. */
export type CameraProbe =
  | {
      readonly ok: true;
      readonly width: number;
      readonly height: number;
      readonly codec: string | null;
      readonly fps: number | null;
      readonly picture: PixelImage;
    }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** The cameras of this tenant. The composition root implements it (camera-registry.ts). */
export interface CameraRegistry {
  list(): readonly CameraView[];
  /** @throws {AppError} CAMERA_NOT_FOUND */
  get(id: string): CameraView;
  /**
   * Starts a camera and keeps it for the next start. One that cannot be reached is added all the same and keeps trying.
   * @throws {AppError} CAMERA_EXISTS, CAMERA_LIMIT, SOURCE_URL_INVALID or REQUEST_INVALID.
   */
  add(camera: CameraInput): CameraView;
  /**
   * Changes a camera and keeps the change. It is restarted only where it must be, and no other one is; a change that is
   * refused leaves it running as it was. Changes of one camera are made one after the other.
   * @throws {AppError} CAMERA_NOT_FOUND, CAMERA_CONFIGURED, SOURCE_URL_INVALID or REQUEST_INVALID.
   */
  change(id: string, patch: CameraPatch): Promise<CameraView>;
  /**
   * Ends a camera that was added, and forgets it; resolves when its ffmpeg is gone. Of a camera of the settings, forgets
   * what stands in conflict with them.
   * @throws {AppError} CAMERA_NOT_FOUND or CAMERA_CONFIGURED.
   */
  remove(id: string): Promise<void>;
  /** What is behind an address, in a picture as wide as the settings say. Connects once. */
  probe(camera: CameraSettings): Promise<CameraProbe>;
  /**
   * The same of a camera that is there. One that runs is not connected to a second time (many serve one client): its newest
   * picture is shown.
   * @throws {AppError} CAMERA_NOT_FOUND
   */
  look(id: string): Promise<CameraProbe>;
  /**
   * Null while the camera has none.
   * @throws {AppError} CAMERA_NOT_FOUND
   */
  latestResult(id: string): LatestPicture | null;
}

/** Takes over an open socket that wants frames; `cameras` empty means all. It survives whatever the socket does. */
export interface LiveGate {
  add(socket: WebSocket, o: { cameras: readonly string[]; video: boolean; annotate: boolean }): void;
}

/** Takes over an open socket that wants the video of a camera, at its full frame rate. */
export interface PreviewGate {
  add(socket: WebSocket, o: { camera: string }): void;
}

/** The pictures kept of events. */
export type SnapshotGate = Pick<Snapshots, 'picture' | 'forget'>;

/** Takes over an open socket that wants events. */
export type EventGate = Pick<EventFeed, 'add'>;
