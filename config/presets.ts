/** The detector's settings for the usual jobs. The confidence of each stands with the detector: every family has its own scale. */
export const DETECTOR_PRESETS = {
  /** Doors: rather miss a face than take a poster for one. */
  'access-control': { nms: 0.4 },
  default: { nms: 0.4 },
  /** Old or bad pictures, looked at by a person. */
  album: { nms: 0.4 },
  /** Faces that overlap. */
  crowd: { nms: 0.5 },
} as const;

export type DetectorPreset = keyof typeof DETECTOR_PRESETS;

export const PRESET_NAMES = Object.keys(DETECTOR_PRESETS) as [DetectorPreset, ...DetectorPreset[]];
