import { z } from 'zod';
import { ERROR_CODES, type ErrorCode } from '../config/error-codes.ts';

/*
 * The shapes of requests and answers: what is validated, what is sent, and what stands in /openapi.json.
 * Messages are written to follow the field's name: `query "nms" must be between 0 and 1`.
 */

const between = (min: number, max: number) => `must be between ${min} and ${max}`;

export const ratioQuery = z.coerce
  .number({ error: between(0, 1) })
  .min(0, between(0, 1))
  .max(1, between(0, 1));

export const wholeQuery = (min: number, max: number) =>
  z.coerce
    .number({ error: `must be a whole number, ${min} to ${max}` })
    .int(`must be a whole number, ${min} to ${max}`)
    .min(min, between(min, max))
    .max(max, between(min, max));

const confidence = ratioQuery
  .optional()
  .describe("Smallest detection confidence that counts. Default: the detector's setting.");
const nms = ratioQuery.optional().describe('IoU above which two boxes are one face.');

export const detectQuery = z.object({
  confidence,
  nms,
  max_faces: wholeQuery(1, 1000).optional().describe('The best so many faces.'),
});

export const compareQuery = z.object({ confidence, nms });

/** A multipart body; it is read as a stream, so nothing is validated here. */
export const picturesBody = (...names: string[]) =>
  z.any().meta({
    type: 'object',
    required: names,
    properties: Object.fromEntries(names.map((name) => [name, { type: 'string', format: 'binary' }])),
  });

const int = z.int();
/** ISO 8601, UTC. */
export const moment = z.string().meta({ format: 'date-time' });
const point = z.tuple([int, int]).describe('x, y in pixels of the picture as it was sent');
const intBox = z.tuple([int, int, int, int]).describe('x1, y1, x2, y2 in pixels of the picture as it was sent');

export const keypointsSchema = z.object({
  left_eye: point.describe("the eye on the image's left"),
  right_eye: point,
  nose: point,
  mouth_left: point,
  mouth_right: point,
});

const scores = z
  .record(z.string(), z.number())
  .describe('what the configured scorers say of the face, by name: `liveness`, 0..1');

export const detectedFace = z
  .object({ bbox: intBox, keypoints: keypointsSchema, confidence: z.number(), scores: scores.optional() })
  .meta({ id: 'DetectedFace' });

export const detectAnswer = z.object({ faces: z.array(detectedFace).describe('best first') });

const comparedFace = z
  .object({
    count: int.describe('faces found in this picture; the largest one counts'),
    bbox: intBox,
    confidence: z.number(),
    qualitySignal: z.string().nullable(),
    qualityParts: z
      .record(z.string(), z.number())
      .describe('what the quality is made of, 0..1 each; the least decides'),
    unfit: z.string().nullable().describe('why the face is not fit to be recognised; null when it is'),
    scores: scores.optional(),
  })
  .meta({ id: 'ComparedFace' });

const perPicture = <T extends z.ZodType>(each: T) => z.object({ image1: each, image2: each });

export const compareAnswer = z.object({
  similarity: z.number().describe("the cosine mapped to 0..1 by the recogniser's calibration"),
  is_same_person: z.boolean().describe('cosine at or above the threshold, and both faces fit to be recognised'),
  message: z.string().describe('in English or Chinese, by Accept-Language'),
  cosine: z.number(),
  threshold: z.number(),
  quality: perPicture(z.number().nullable()).describe('fitness to be recognised, 0..1'),
  faces: perPicture(comparedFace),
  hints: z.array(z.string()).optional().describe('below a similarity of 0.3: what may be the reason'),
});

export const errorAnswer = z
  .object({
    code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
    message: z.string().describe('names the thing, says what was expected and what was got'),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Error' });

/** The error answers of a route, by status, for `schema.response`. Every route may add 400, 401, 403, 429 and 500 to them. */
export function errorAnswers(...codes: ErrorCode[]): Record<number, typeof errorAnswer> {
  const always: ErrorCode[] = ['REQUEST_INVALID', 'UNAUTHENTICATED', 'FORBIDDEN', 'RATE_LIMITED', 'INTERNAL'];
  const byStatus = Map.groupBy(new Set([...always, ...codes]), (code) => ERROR_CODES[code].status);
  const answers = [...byStatus].map(([status, those]) => {
    const description = those.map((code) => `\`${code}\`: ${ERROR_CODES[code].means}`).join('\n\n');
    return [status, { description, content: { 'application/json': { schema: errorAnswer } } }] as const;
  });
  // The routes' types know of bodies only, and errors are sent by the error handler.
  return Object.fromEntries(answers) as unknown as Record<number, typeof errorAnswer>;
}

/** What may go wrong with a picture that was sent and the networks that look at it. */
export const PICTURE_ERRORS: ErrorCode[] = [
  'IMAGE_MISSING',
  'IMAGE_UNSUPPORTED',
  'IMAGE_CORRUPT',
  'IMAGE_TOO_LARGE',
  'INFERENCE_BUSY',
  'INFERENCE_DEADLINE',
];

/** An answer that is a file, not JSON. */
export const fileAnswer = (description: string, ...types: string[]) => ({
  description,
  content: Object.fromEntries(
    types.map((type) => [type, { schema: z.any().meta({ type: 'string', format: 'binary' }) }]),
  ),
});

export const nothing = z.null().describe('no body');

export const healthAnswer = z.object({ status: z.literal('ok'), version: z.string() });

const role = z
  .object({
    role: z.enum(['detector', 'landmarks', 'embedder', 'previous-embedder', 'scorer']),
    model: z.string(),
    requested: z.union([z.literal('auto'), z.array(z.string())]),
    provider: z.string().describe('the execution provider that was proven to run the network'),
    device: z.string().describe('`cpu`, `cuda:0`, `MIG-…`, or the name of the provider'),
    isolation: z.enum(['shared', 'process', 'thread']),
    nodes: z
      .record(z.string(), int)
      .describe('convolutions and matrix products by the provider that ran them, counted in the warm-up'),
    degraded: z.boolean().describe('runs elsewhere than asked for, in one of its processes at least'),
    passedOver: z
      .array(z.object({ provider: z.string(), why: z.string() }))
      .describe('providers that were tried before it, and why they did not do'),
    processes: int,
    restarts: int.describe('processes with this network that took the place of another'),
    insteadOf: z.string().nullable().describe('the heavier model that was asked for and ran out of memory'),
  })
  .meta({ id: 'Role' });

export const readyAnswer = z
  .object({
    ready: z.boolean(),
    version: z.string(),
    reasons: z.array(z.string()).describe('why it is not ready'),
    models: z.array(role),
    chosen: z.string().describe('which models were chosen, and why'),
    cameras: z.object({
      configured: int.describe('all that are to run, also those added since the start'),
      running: int,
      byState: z.record(z.string(), int),
    }),
    gallery: z.object({ subjects: int, templates: int }),
    degraded: z.boolean(),
  })
  .meta({ id: 'Readiness' });

const timings = z.object({
  queue: z.number(),
  detect: z.number(),
  embed: z.number(),
  identify: z.number(),
  total: z.number(),
});

const areas = z.array(z.array(z.tuple([z.number(), z.number()]))).readonly();

export const cameraView = z
  .object({
    id: z.string(),
    name: z.string(),
    url: z.string().describe('without credentials'),
    origin: z.enum(['config', 'added']),
    conflict: z
      .string()
      .nullable()
      .describe('where the settings and something that was added disagree; the settings win'),
    enabled: z.boolean().describe('false: known, but not connected to'),
    state: z.enum(['idle', 'connecting', 'running', 'stalled', 'frozen', 'reconnecting', 'closed', 'failed']),
    code: z.string().nullable(),
    message: z.string().nullable(),
    since: z.string(),
    connections: int,
    reconnects: z.object({ lastHour: int, total: int }),
    retryAt: z.string().nullable(),
    streamInUse: z.object({ index: int, url: z.string() }).nullable().describe('null where there is one address only'),
    stream: z
      .object({
        codec: z.string(),
        width: int,
        height: int,
        fps: z.number().nullable(),
        decoder: z.string().nullable().describe('`software`, or the hardware that decodes'),
        decoderReason: z.string().nullable().describe('why that is not what was asked for'),
        bitsPerSecond: z.number().nullable(),
      })
      .nullable()
      .describe('what the camera sends, before thinning out and scaling'),
    fps: z.object({
      configured: z.number(),
      effective: z.number().describe('the most that it is analysed at now'),
      why: z.enum(['overload']).nullable().describe('why that is less than `configured`'),
      decoded: z.number().nullable(),
      received: z.number(),
      analysed: z.number(),
    }),
    width: int.nullable(),
    height: int.nullable(),
    ageMs: z.number().nullable(),
    dropped: z.object({ busy: int, thinned: int, unchanged: int, pool: int, fault: int }),
    decodeErrors: int,
    timings: timings.nullable(),
    doors: z.array(z.string()).readonly(),
    zones: areas.describe('faces count inside of these only; none: everywhere'),
    masks: areas.describe('black before anything looks at the picture'),
    settings: z.object({
      fps: z.number(),
      width: int,
      transport: z.string(),
      hwaccel: z.string(),
      failover: z.array(z.string()).readonly(),
      timeoutMs: z.number(),
      deviceFps: z.number().nullable(),
      deviceSize: z.string().nullable(),
      verifyTls: z.boolean(),
    }),
  })
  .meta({ id: 'Camera' });

export const idParams = z.object({ id: z.string().max(200) });

const consentView = z
  .object({
    by: z.string().describe('who recorded it'),
    at: moment,
    basis: z.string().describe('on what ground: a signed form, a contract, a law'),
  })
  .meta({ id: 'Consent' });

export const subjectView = z
  .object({
    id: z.string().describe('UUID'),
    name: z.string(),
    groups: z.array(z.string()).readonly(),
    notes: z.string(),
    validFrom: moment.nullable().describe('known from then on; null: from the start'),
    validUntil: moment.nullable().describe('known until before then; null: without end'),
    consent: consentView.nullable(),
    templates: int.describe('enrolled faces that are searched'),
    notSearched: int.describe('enrolled faces of another model, or damaged ones'),
    createdAt: moment,
    changedAt: moment,
    lastSeenAt: moment.nullable().describe('when it was last recognised, to the minute'),
  })
  .meta({ id: 'Subject' });

export const eventView = z
  .object({
    id: z.string().describe('UUID version 7; the same however often the event is delivered'),
    sequence: int.min(1).describe('numbered without gaps within a tenant'),
    type: z.string().describe('`access.granted`, …; further ones may come'),
    tenant: z.string(),
    door: z.string().nullable().describe('an id'),
    camera: z.string().nullable().describe('an id'),
    subject: z.object({ id: z.string(), name: z.string() }).nullable().describe('who it is about'),
    similarity: z.number().nullable().describe('cosine of the face and the nearest enrolled one'),
    threshold: z.number().nullable().describe('what the similarity has to reach'),
    margin: z.number().nullable().describe('how far the next subject is behind'),
    quality: z.number().nullable().describe('fitness of the face to be recognised, 0..1'),
    reason: z.string().nullable().describe('why, for machines: of a denial, of a camera’s state, of a fault'),
    frameSequence: int.min(0).nullable().describe('number of the frame that decided, on its camera'),
    capturedAt: moment.nullable().describe('when the picture was taken'),
    decidedAt: moment,
    expiresAt: moment.nullable().describe('a grant is void from then on; null for everything else'),
    snapshotUrl: z
      .string()
      .optional()
      .describe('path of the picture of the moment, for keys with the scope `pictures`; absent where none was kept'),
    replay: z
      .boolean()
      .describe('not told as it happens: from the log, told before, or late. A replayed grant never opens a door'),
  })
  .meta({ id: 'Event' });

export const doorView = z
  .object({
    id: z.string(),
    name: z.string(),
    cameras: z.array(z.string()).readonly(),
    allow: z
      .array(
        z.object({
          subject: z.string().nullable().describe('a name or an id; null where a group is allowed'),
          group: z.string().nullable(),
          schedule: z.string().nullable().describe('when; null: at all times'),
        }),
      )
      .readonly(),
    schedule: z.string().nullable().describe('when it opens at all; null: at all times'),
    liveness: z.boolean().describe('it opens only for faces that pass for live ones'),
    confirm: z.object({ matches: int, withinMs: z.number() }),
    maxAgeMs: z.number(),
    cooldownMs: z.number(),
    openNow: z.boolean().describe('by its schedule; a lock-down is not counted in'),
    lockdown: z
      .object({ since: z.string(), by: z.string(), reason: z.string().nullable() })
      .nullable()
      .describe('since when nothing opens it, and who saw to that; null while it is not locked down'),
    last: eventView.nullable().describe('the newest event about it'),
    stats: z
      .object({ granted: int, denied: int, stale: int, degraded: int, broken: int })
      .describe('decisions since the start, and pictures that none could rest on'),
  })
  .meta({ id: 'Door' });

const flag = z.enum(['0', '1'], { error: 'must be 0 or 1' });

export const liveQuery = z.object({
  camera: z
    .union([z.string(), z.array(z.string()).max(100)])
    .optional()
    .describe('repeatable; none: every camera'),
  video: flag.default('1').describe('0: the JSON alone, as text messages'),
  annotate: flag.default('0').describe('1: boxes and names burnt into the JPEG'),
});
