import { z } from 'zod';
import { parseDuration } from './duration.ts';
import { DETECTOR_PRESETS } from './presets.ts';

/** Ids stand in URLs, file names and metric labels. */
const id = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be 1 to 64 of a–z, 0–9, "-" and "_", starting with a letter or digit');
const modelName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be a model name like "retinaface-mobilenet025"');
const ratio = z.number().min(0).max(1);

/** Milliseconds; written as `1500ms`, `5s`, `10m` … */
const duration = (minMs: number, maxMs: number) =>
  z.string().transform((text, context) => {
    const ms = parseDuration(text);
    if (ms === null) {
      context.addIssue({ code: 'custom', message: 'must be a duration like "500ms", "5s" or "10m"' });
      return z.NEVER;
    }
    if (ms < minMs || ms > maxMs) {
      context.addIssue({ code: 'custom', message: `must be between ${minMs}ms and ${maxMs}ms` });
      return z.NEVER;
    }
    return ms;
  });

const providers = z.union([z.literal('auto'), z.array(z.string()).min(1)]).default('auto');

const detector = z
  .strictObject({
    /** `auto`: the best family member that is present and fits. */
    model: z.union([z.literal('auto'), modelName]).default('auto'),
    preset: z.enum(Object.keys(DETECTOR_PRESETS) as [keyof typeof DETECTOR_PRESETS]).default('default'),
    /** Longest side of the network's input, pixels; the other follows the frame's aspect ratio. */
    inputSize: z.number().int().multipleOf(32).min(128).max(2048).default(640),
    confidence: ratio.optional(),
    nms: ratio.optional(),
    maxFaces: z.number().int().min(1).max(1000).default(20),
    /** A face whose box is narrower, in pixels of the frame, is `too_small`. */
    minFacePx: z.number().int().min(8).max(2048).default(24),
    providers: providers.optional(),
    deadline: duration(100, 120_000).default(5000),
  })
  .transform((d) => ({
    ...d,
    confidence: d.confidence ?? DETECTOR_PRESETS[d.preset].confidence,
    nms: d.nms ?? DETECTOR_PRESETS[d.preset].nms,
  }));

const embedder = z.strictObject({
  model: z.union([z.literal('auto'), modelName]).default('auto'),
  providers: providers.optional(),
});

const models = z.strictObject({
  detector: detector.prefault({}),
  embedder: embedder.prefault({}),
  providers,
  /** Inference processes; default: one a core. */
  processes: z.number().int().min(1).max(64).optional(),
});

const recognition = z.strictObject({
  /** Cosine a known face must reach; default: the embedder's calibration. */
  threshold: z.number().min(-1).max(1).optional(),
  /** How far the best subject must be ahead of the second one; default: the embedder's calibration. */
  margin: z.number().min(0).max(2).optional(),
  /** Quality below this is unfit. */
  oodThreshold: ratio.default(0.4),
});

const camera = z.strictObject({
  id,
  name: z.string().min(1).max(100).optional(),
  /** `rtsp://…`, `rtsps://…`, `webcam:/dev/video0`, `file:clip.mp4`. */
  url: z.string().min(1).max(2048),
  /** Frames a second to analyse at most. */
  fps: z.number().min(0.1, 'must be between 0.1 and 60').max(60, 'must be between 0.1 and 60').default(5),
  /** Frames are scaled down to this width; never up. */
  width: z.number().int().min(160).max(3840).default(1280),
  transport: z.enum(['tcp', 'udp']).default('tcp'),
  timeout: duration(1000, 60_000).default(5000),
  /** Files only: play at the clip's own speed. */
  realtime: z.boolean().default(false),
  /** Files only: start again at the end. */
  loop: z.boolean().default(false),
  /** Webcams only: what the device is asked for. */
  deviceFps: z.number().min(1).max(240).optional(),
  deviceSize: z
    .string()
    .regex(/^\d{2,5}x\d{2,5}$/, 'must be a size like "1280x720"')
    .optional(),
  enabled: z.boolean().default(true),
});

const door = z.strictObject({
  id,
  name: z.string().min(1).max(100).optional(),
  cameras: z.array(id).min(1, 'must name at least one camera'),
  /** Names or ids of the subjects it opens for. Empty: nobody. */
  allow: z.array(z.string().min(1)).default([]),
  confirm: z
    .strictObject({ matches: z.number().int().min(1).max(50).default(3), within: duration(100, 60_000).default(1500) })
    .prefault({}),
  /** A decision on a picture older than this is dropped. */
  maxAge: duration(50, 10_000).default(500),
  /** After a decision for a subject, how long that door says nothing more about them. */
  cooldown: duration(0, 3_600_000).default(5000),
});

const server = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: z.number().int().min(0).max(65_535).default(8080),
  /** Extra names that the Host header may carry. */
  hosts: z.array(z.string()).default([]),
  /** Extra origins whose pages may call. */
  origins: z.array(z.string()).default([]),
  tls: z.strictObject({ cert: z.string(), key: z.string() }).optional(),
  /** Largest picture taken, bytes. */
  maxImageBytes: z.number().int().min(1024).default(10_485_760),
});

const key = z.strictObject({
  name: z.string().min(1).max(100),
  /** At least 24 characters; better from the environment: `${FACEGATE_ADMIN_KEY}`. */
  key: z.string().min(24, 'must have at least 24 characters'),
  scopes: z.array(z.enum(['read', 'analyse', 'enrol', 'admin'])).min(1),
});

export const settingsSchema = z.strictObject({
  dataDir: z.string().optional(),
  ffmpeg: z.string().optional(),
  server: server.prefault({}),
  keys: z.array(key).default([]),
  models: models.prefault({}),
  recognition: recognition.prefault({}),
  cameras: z.array(camera).default([]),
  doors: z.array(door).default([]),
  /** Post-processing steps of our own: modules, relative to the config file. */
  steps: z.array(z.string()).default([]),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
});

export type Settings = z.output<typeof settingsSchema>;
export type SettingsInput = z.input<typeof settingsSchema>;
export type CameraSettings = Settings['cameras'][number];
export type DoorSettings = Settings['doors'][number];
export type DetectorSettings = Settings['models']['detector'];
export type KeyScope = Settings['keys'][number]['scopes'][number];
/** One camera as the config or `POST /cameras` gives it. */
export const cameraSchema = camera;
