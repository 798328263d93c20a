/** What the detector's thresholds are for the usual jobs. */
export const DETECTOR_PRESETS = {
  /** Doors: rather miss a face than take a poster for one. */
  'access-control': { confidence: 0.85, nms: 0.4 },
  default: { confidence: 0.7, nms: 0.4 },
  /** Old or bad pictures, looked at by a person. */
  album: { confidence: 0.5, nms: 0.4 },
  /** Faces that overlap. */
  crowd: { confidence: 0.7, nms: 0.5 },
} as const;
