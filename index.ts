/**
 * facegate as a library: sources make frames, an analyser finds and embeds faces, a gallery says who they are. Everything
 * else of the package is private and may change.
 */

export { createDoor } from './access/door.ts';
export { openEventLog } from './access/event-log.ts';
export { AppError, SourceError } from './config/app-error.ts';
export { ERROR_CODES, type ErrorCode } from './config/error-codes.ts';
export { loadSettings } from './config/load-settings.ts';
export type { CameraSettings, DoorSettings, Settings } from './config/settings-schema.ts';
export { enrolFromImage } from './gallery/enrol-from-image.ts';
export type * from './gallery/subject.ts';
export { type GalleryOptions, openGallery, type SubjectGallery } from './gallery/subject-gallery.ts';
export type { AccessEvent, AccessEventType, EventDraft } from './pipeline/access-event.ts';
export { type AnalysedFrame, type AnalyseFramesOptions, analyse } from './pipeline/analyse.ts';
export { type CameraPipelineOptions, cameraPipeline } from './pipeline/camera-pipeline.ts';
export type { CameraState, CameraStatus } from './pipeline/camera-status.ts';
export type * from './pipeline/face.ts';
export { ageAt, type Frame } from './pipeline/frame.ts';
export type * from './pipeline/frame-result.ts';
export { identify } from './pipeline/identify.ts';
export { type JudgeOptions, judgeCandidates, type RecognitionThresholds } from './pipeline/judge-candidates.ts';
export { type LatestMapOptions, latestMap } from './pipeline/latest-map.ts';
export { type MapInOrderOptions, mapInOrder } from './pipeline/map-in-order.ts';
export type { PixelImage } from './pipeline/pixel-image.ts';
export type * from './pipeline/ports.ts';
export { releaseFrames } from './pipeline/release-frames.ts';
export { systemClock } from './pipeline/system-clock.ts';
export { type OpenAnalyser, openAnalyser, openCamera } from './server/library.ts';
export { decodeImage } from './server/pictures/decode-image.ts';
