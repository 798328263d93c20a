import { z } from 'zod';
import { addressRange } from './address-range.ts';
import { doorSchema, schedulesSchema } from './door-settings.ts';
import { EXECUTION_PROVIDERS, shortProviderName } from './execution-providers.ts';
import { KEY_SCOPES, scopeExpectation } from './key-scopes.ts';
import { isModelPath } from './model-path.ts';
import { DETECTOR_PRESETS, PRESET_NAMES } from './presets.ts';
import { byteSize, duration, id, number, text, whole } from './setting-types.ts';
import { eventsSchema, sinksSchema } from './sink-settings.ts';
import { tenantsSchema } from './tenant-settings.ts';

// The messages complete "cameras[2].fps …"; what was got is added by describe-problem.ts. The descriptions are the text of
// docs/configuration.md, which a test holds equal to this file.

const isModel = (value: string) => /^[a-z0-9][a-z0-9._-]{0,63}$/.test(value) || isModelPath(value);

/** A name of the catalog, or the path of a file. */
const model = z
  .string()
  .max(4096)
  .refine(isModel, {
    error: 'must be "auto", a model name like "retinaface-mobilenet025", or the path of an .onnx file',
  })
  .meta({ words: '`auto`, the name of a model, or the path of a file' });

/** There is none before the usual one. */
const previousModel = z
  .string()
  .max(4096)
  .refine((value) => value !== 'auto' && isModel(value), {
    error: 'must be a model name like "mobilefacenet-arcface-128d", or the path of an .onnx file',
  })
  .meta({ words: 'the name of a model, or the path of a file' });

/** There is no scorer that everybody wants. */
const scorerModel = z
  .string()
  .max(4096)
  .refine((value) => value !== 'auto' && isModel(value), {
    error: 'must be the name of a scorer like "minifasnet", or the path of an .onnx file',
  })
  .meta({ words: 'the name of a model, or the path of a file' });

const provider = z.string().refine((name) => shortProviderName(name) !== null, {
  error: `must be an execution provider (${Object.keys(EXECUTION_PROVIDERS).join(', ')}; NVIDIA GPUs: cuda)`,
});

const providers = z
  .union(
    [z.literal('auto'), z.array(provider).min(1, 'must name at least one execution provider, like ["cuda", "cpu"]')],
    {
      error: 'must be "auto" or a list of execution providers like ["cuda", "cpu"]',
    },
  )
  .meta({ words: '`auto` or a list of execution providers' });

/** Where a network runs. */
export const deviceSchema = z
  .string()
  .regex(
    /^(cpu|cuda(:\d{1,2})?|MIG-[A-Za-z0-9/-]{1,80})$/,
    'must be "cpu", "cuda:0" (a GPU by its number) or the UUID of a MIG slice ("MIG-…", nvidia-smi -L shows it)',
  );

const precision = z
  .enum(['float32', 'int8'])
  .default('float32')
  .describe(
    '`int8`: the usual network in 8-bit arithmetic, on a CPU: faster, and a little less exact (docs/performance.md, docs/accuracy.md).',
  );

/** What every role can be given: where it runs, how far apart from the others, and how much it may take. */
const role = {
  providers: providers.optional().describe('Execution providers for this network alone. Default: `models.providers`.'),
  device: deviceSchema
    .optional()
    .meta({ words: '`cpu`, `cuda:N` or `MIG-…`' })
    .describe(
      'Where this network runs. `cpu` and `cuda:N` also stand for their provider where `providers` says nothing. Default: the first GPU for a GPU provider.',
    ),
  isolation: z
    .enum(['shared', 'process', 'thread'])
    .default('shared')
    .describe(
      '`shared`: in the inference processes, beside the other networks of its device. `process`: in a process of its own; crops cross, not frames. `thread`: in a thread of its own, for comparison; a crash there ends the program.',
    ),
  memoryLimitMb: whole(64, 1_048_576)
    .optional()
    .describe('A process of this network that takes more main memory, MiB, is replaced. Default: no limit.'),
  deadlineMs: whole(100, 120_000)
    .default(5000)
    .describe('What this network has not answered by then, milliseconds, is given up, and its process is replaced.'),
};

const detector = z
  .strictObject({
    model: model
      .default('auto')
      .describe(
        'Which network finds the faces. `auto` takes the RetinaFace that is present and fits the free memory of the device; on a CPU the lightest.',
      ),
    preset: z
      .enum(PRESET_NAMES)
      .default('default')
      .describe(
        '`confidence` (each detector has a scale of its own) and `nms` for a usual job; each can still be set by itself.',
      ),
    inputSize: z
      .int({ error: 'must be a multiple of 32 between 128 and 2048' })
      .multipleOf(32)
      .min(128)
      .max(2048)
      .default(640)
      .describe("Longest side of the network's input, pixels; the other one follows the frame's aspect ratio."),
    confidence: number(0, 1)
      .optional()
      .describe('The detector must be at least this sure that it is a face. Default: the preset says.'),
    nms: number(0, 1)
      .optional()
      .describe(
        'Two boxes that overlap more than this (intersection over union) are one face. Default: the preset says. 0.3 to 0.6 is usual; anything else is warned about.',
      ),
    maxFaces: whole(1, 1000).default(20).describe('Faces of one frame that are looked at, the surest ones first.'),
    minFacePx: whole(8, 2048)
      .default(24)
      .describe('A face whose box is narrower, in pixels of the frame, is unfit (`too_small`).'),
    lighter: z
      .boolean()
      .optional()
      .describe(
        'After running out of memory again and again, go on with the next lighter member of the family. Default: yes where `model` is `auto`.',
      ),
    precision,
    ...role,
  })
  .transform((d) => ({
    ...d,
    confidence: d.confidence ?? null,
    nms: d.nms ?? DETECTOR_PRESETS[d.preset].nms,
  }));

const embedder = z.strictObject({
  model: model
    .default('auto')
    .describe('Which network tells faces apart. The gallery belongs to one embedder; `previous` helps to change it.'),
  previous: previousModel
    .optional()
    .describe(
      'While the gallery moves to another embedder: the one before. It runs beside `model`, and those enrolled with it are recognised until they are enrolled anew (docs/models.md#changing-the-embedder).',
    ),
  flip: z
    .boolean()
    .default(false)
    .describe('Embed each face and its mirror image and take the mean: a little surer, at twice the cost.'),
  precision,
  ...role,
});

const scorer = z.strictObject({
  model: scorerModel.describe('Which network judges each face: `minifasnet` (liveness).'),
  ...role,
});

const batch = z.strictObject({
  most: whole(1, 32).default(8).describe('Frames that a GPU takes at once, at most.'),
  within: duration('0ms', '200ms')
    .prefault('4ms')
    .describe('How long a GPU waits for the frames of other cameras to join. A CPU never waits: it gains nothing.'),
});

const models = z.strictObject({
  detector: detector.prefault({}),
  embedder: embedder.prefault({}),
  scorers: z.array(scorer).max(8).default([]).describe('Further networks that judge each face.'),
  batch: batch.prefault({}),
  providers: providers
    .default('auto')
    .describe(
      '`auto` uses the best one that is proven to run. A list is tried in order; without `cpu` in it, the start fails where none of them runs.',
    ),
  processes: whole(1, 64).optional().describe('Inference processes. Default: one a core on a CPU, one on a GPU.'),
});

const recognition = z.strictObject({
  threshold: number(-1, 1)
    .optional()
    .describe("Cosine similarity that a known face must reach. Default: the embedder's calibration."),
  margin: number(0, 2)
    .optional()
    .describe("How far the best subject must be ahead of the second one. Default: the embedder's calibration."),
  oodThreshold: number(0, 1)
    .default(0.4)
    .describe(
      'A face whose quality is below this is unfit (`blurred`, `too_dark`, `low_quality`, …): never recognised, nor enrolled.',
    ),
});

const analysis = z.strictObject({
  adaptive: z
    .boolean()
    .default(true)
    .describe(
      'While the networks cannot keep up, lower the rate of the cameras that take most, evenly, until they can; then raise it again.',
    ),
  minFps: number(0.1, 60)
    .default(1)
    .describe(
      '`adaptive` takes no camera below this many frames a second, unless its own `fps` is lower; nor a door’s camera below what its confirmation needs.',
    ),
  motionGate: z
    .boolean()
    .default(false)
    .describe(
      'Analyse no picture in which nothing has changed since the last one that was, while no face is in view (docs/performance.md#unchanged-pictures).',
    ),
  lookEvery: duration('200ms', '3s')
    .prefault('2s')
    .describe('`motionGate`: an unchanged picture is analysed all the same so often.'),
});

const gallery = z.strictObject({
  keyFile: text(4096)
    .optional()
    .describe(
      'File with the key under which embeddings, pictures, notes and consent are sealed: 32 bytes, or base64 of them. Made when the gallery is new. `FACEGATE_GALLERY_KEY` (base64) comes first. Default: `gallery.key` in the data folder.',
    ),
  keepImages: z
    .boolean()
    .default(false)
    .describe(
      'Keep the picture of each enrolled face, sealed: to show it, and to enrol it again for another model (`facegate gallery reembed`).',
    ),
  retention: z
    .strictObject({
      after: duration('1d', '3650d').describe('Subjects that were not recognised for so long …'),
      action: z
        .enum(['report', 'delete'])
        .default('report')
        .describe('… are named in the log, or deleted with all their faces.'),
    })
    .optional(),
  unknowns: z
    .strictObject({
      keep: duration('0s', '30d')
        .prefault('10m')
        .describe('How long faces that nobody was known by are held, so that they can be named. `0s`: none is.'),
      onDisk: z
        .boolean()
        .default(false)
        .describe('Hold them on disk too, sealed, so that they outlive a restart. Otherwise in memory only.'),
    })
    .prefault({}),
});

/** Corners of an area of the picture, in shares of its width and height, so that it holds at every resolution. */
const polygon = z
  .array(z.tuple([number(0, 1), number(0, 1)], { error: 'must be a corner [x, y], each between 0 and 1' }))
  .min(3, { error: 'must have at least 3 corners', abort: true })
  .max(100, 'must have at most 100 corners')
  .refine(enclosesArea, { error: 'must enclose an area' })
  .meta({ words: 'areas `[[x, y], …]` of at least 3 corners, 0 to 1 of width and height' });

const camera = z.strictObject({
  id: id.describe('Its name in addresses, events and metrics; unique.'),
  name: text(100).optional().describe('Its name for people. Default: the id.'),
  url: text(2048).describe(
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what one writes in the file.
    'Where the pictures come from: `rtsp://…`, `rtsps://…`, `http://…` or `https://…` (MJPEG), `webcam:/dev/video0`, `file:clip.mp4`, `test:` (a pattern). Keep a password out of the file: `rtsp://user:${FRONT_PASSWORD}@10.0.0.5/stream1`, or `passwordFile`.',
  ),
  failover: z
    .array(text(2048))
    .max(8, 'must have at most 8 members')
    .default([])
    .describe(
      'Network cameras: further URLs of it (a second stream, a second way to it), tried in turn when the one before fails. Each round starts at `url`.',
    ),
  username: text(256)
    .optional()
    .describe('User name for the camera, instead of one in the URLs; written as it is, not percent-encoded.'),
  password: text(512)
    .optional()
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what one writes in the file.
    .describe('Its password, written as it is; better from the environment: `${FRONT_PASSWORD}`.'),
  passwordFile: text(4096)
    .optional()
    .describe('File whose first line is the password, instead of `password`; read at every connection.'),
  tls: z
    .strictObject({
      verify: z
        .boolean()
        .default(true)
        .describe(
          '`rtsps:` and `https:`: refuse a camera whose certificate is not valid for its host name. `false` talks to whoever answers.',
        ),
      ca: text(4096)
        .optional()
        .describe(
          'File with the certificates (PEM) that are trusted instead of the usual authorities; a self-signed camera’s own.',
        ),
    })
    .prefault({}),
  fps: number(1, 60).default(5).describe('Frames a second that are analysed at most.'),
  width: whole(160, 3840).default(1280).describe('Wider frames are scaled down to this width, pixels; never up.'),
  transport: z
    .enum(['tcp', 'udp'])
    .default('tcp')
    .describe(
      '`rtsp:` only (`rtsps:` always takes TCP). UDP loses packets, which smears faces and lowers their similarity.',
    ),
  hwaccel: z
    .enum(['auto', 'none', 'cuda', 'vaapi', 'videotoolbox', 'qsv'])
    .default('none')
    .describe(
      'Hardware that decodes the video. One that does not prove itself is left, with the reason in the log, and the processor decodes. `auto`: the first that does.',
    ),
  zones: z
    .array(polygon)
    .max(50, 'must have at most 50 members')
    .default([])
    .describe('Faces count only inside these areas. Empty: everywhere.'),
  masks: z
    .array(polygon)
    .max(50, 'must have at most 50 members')
    .default([])
    .describe('Areas that are made black before anything is analysed, stored or sent.'),
  motionGate: z.boolean().optional().describe('`analysis.motionGate` for this camera alone. Default: as there.'),
  timeout: duration('1s', '60s')
    .prefault('5s')
    .describe('A camera that says nothing for so long is connected to anew.'),
  realtime: z.boolean().default(false).describe("Files only: play at the film's own speed."),
  loop: z.boolean().default(false).describe('Files only: start again at the end.'),
  deviceFps: number(1, 240).optional().describe('Webcams only: the frame rate that the device is asked for.'),
  deviceSize: z
    .string()
    .regex(/^\d{2,5}x\d{2,5}$/, 'must be a size like "1280x720"')
    .optional()
    .meta({ words: 'a size like `1280x720`' })
    .describe('Webcams only: the picture size that the device is asked for.'),
  enabled: z.boolean().default(true).describe('`false`: known, but not connected to.'),
});

/** By the shoelace formula; three corners on a line, or a line there and back, hide nothing and watch nothing. */
function enclosesArea(corners: readonly (readonly [x: number, y: number])[]): boolean {
  let twice = 0;
  for (const [i, [x, y]] of corners.entries()) {
    const [nextX, nextY] = corners[(i + 1) % corners.length]!;
    twice += x * nextY - nextX * y;
  }
  return Math.abs(twice) > 1e-6;
}

const server = z.strictObject({
  host: text(255)
    .default('127.0.0.1')
    .describe(
      'Address to listen on. `0.0.0.0` listens on all of them and needs a key; without one, an admin key is made and printed once.',
    ),
  port: whole(0, 65_535).default(8080).describe('Port to listen on; 0 takes a free one.'),
  hosts: z
    .array(text(255))
    .default([])
    .describe(
      'Further names by which people reach this server (while there is no key, the `Host` header may carry no other).',
    ),
  origins: z
    .array(z.string().regex(/^https?:\/\/[^/\s@]+$/, 'must be an origin like "https://console.example.com"'))
    .default([])
    .describe('Origins of other web pages that may call this server, like `https://console.example.com`.'),
  trustedProxies: z
    .array(
      text(64).refine((range) => addressRange(range) !== null, {
        error: 'must be an IP address or a range of them, like "172.18.0.2" or "10.20.0.0/16"',
      }),
    )
    .max(64)
    .default([])
    .describe(
      'Addresses and ranges of the proxies in front, like `172.18.0.2` or `10.20.0.0/16`: what these say in `x-forwarded-for` and `x-forwarded-proto` of the address of a caller, and of TLS, is believed.',
    ),
  tls: z
    .strictObject({
      cert: text(4096).describe('File with the certificate chain (PEM).'),
      key: text(4096).describe('File with the private key (PEM).'),
    })
    .optional()
    .describe('Serve HTTPS and WSS.'),
  maxImageBytes: whole(1024, 104_857_600)
    .default(10_485_760)
    .describe('Largest picture that a request may carry, bytes.'),
  requestsPerMinute: whole(1, 1_000_000)
    .default(6000)
    .describe(
      'Requests in a minute that each key may make, all kinds together, unless it has a limit of its own; while there is no key, each address. More are answered 429.',
    ),
});

const key = z.strictObject({
  name: text(100).describe('Who holds it, for the log; unique.'),
  key: z
    .string()
    .min(24, 'must have at least 24 characters')
    .max(512, 'must have at most 512 characters')
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what one writes in the file.
    .describe('The key itself, at least 24 characters; better from the environment: `${FACEGATE_ADMIN_KEY}`.'),
  scopes: z
    .array(z.enum(KEY_SCOPES, { error: ({ input }) => scopeExpectation(input) }))
    .min(1, 'must name at least one scope')
    .describe(
      'What it may do: `read` (live view, events, cameras, subjects), `recognize` (`/recognize`, `/search`, `/detect`, `/compare`, …), `enroll` (change the gallery), `door` (open doors by hand, lock them down, release them), `pictures` (see the pictures kept of events), `admin` (everything).',
    ),
  rateLimit: z
    .strictObject({
      perMinute: whole(1, 1_000_000).describe(
        'Requests in a minute that this key may make, instead of `server.requestsPerMinute`.',
      ),
    })
    .optional(),
});

export const settingsSchema = z.strictObject({
  dataDir: text(4096)
    .optional()
    .describe(
      'Folder for models, gallery, event log and keys. `--data` and `FACEGATE_HOME` come first. Default: `data` beside this file.',
    ),
  ffmpeg: text(4096)
    .optional()
    .describe('Path of the ffmpeg to use. Default: the one on the PATH, else the one in the package.'),
  server: server.prefault({}),
  keys: z.array(key).default([]).describe('Keys that exist from the start; more can be made later.'),
  models: models.prefault({}),
  recognition: recognition.prefault({}),
  analysis: analysis.prefault({}),
  gallery: gallery.prefault({}),
  cameras: z.array(camera).default([]),
  schedules: schedulesSchema,
  doors: z.array(doorSchema).default([]),
  events: eventsSchema.prefault({}),
  sinks: sinksSchema,
  steps: z
    .array(text(4096))
    .default([])
    .describe('Post-processing steps of your own: JavaScript modules, relative to this file.'),
  tenants: tenantsSchema,
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('How much the log says.'),
      folder: text(4096)
        .optional()
        .describe(
          'Folder for the log as JSON lines, `default.log` (of a tenant: `<id>.log`), mode 0600, beside what stderr gets. Default: stderr only.',
        ),
      maxSize: byteSize('100 kB', '1 GB')
        .prefault('10 MB')
        .describe('A log file that has become this large is rotated.'),
      files: whole(1, 100)
        .default(3)
        .describe('So many log files are kept, the one that is written and `….1`, `….2`, the newest first.'),
    })
    .prefault({}),
});

export type Settings = z.output<typeof settingsSchema>;
export type SettingsInput = z.input<typeof settingsSchema>;
export type CameraSettings = Settings['cameras'][number];
export type { AllowEntry, DoorSettings, Schedule, Schedules } from './door-settings.ts';
export type DetectorSettings = Settings['models']['detector'];
export type EmbedderSettings = Settings['models']['embedder'];
export type ScorerSettings = Settings['models']['scorers'][number];
export type DeviceSettings = z.output<typeof deviceSchema>;
/** Where and how apart a network runs. */
export type RoleSettings = Pick<ScorerSettings, 'providers' | 'device' | 'isolation' | 'memoryLimitMb' | 'deadlineMs'>;
/** One camera as the config or `POST /cameras` gives it. */
export const cameraSchema = camera;
