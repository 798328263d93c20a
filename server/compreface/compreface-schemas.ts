import { z } from 'zod';
import { ratioQuery, wholeQuery } from '../api-schemas.ts';
import { IS_MISSING } from './compreface-error.ts';

/*
 * CompreFace's requests and answers. Its field names are those of its version 1.2, kept exactly.
 */

const HUGE = 1_000_000;
const flagQuery = z
  .string()
  .regex(/^(true|false|yes|no|on|off|1|0)$/i, 'must be true or false')
  .transform((text) => /^(true|yes|on|1)$/i.test(text));

/** How a picture is looked at. An option that is empty counts as left out. */
export const pictureQuery = z.object({
  limit: wholeQuery(0, HUGE).default(0).describe('The largest so many faces; 0: all that are found.'),
  det_prob_threshold: ratioQuery
    .optional()
    .describe("Smallest detection confidence that counts. Default: the detector's setting."),
  face_plugins: z
    .string()
    .max(500, 'must have at most 500 characters')
    .default('')
    .describe('`landmarks` and `calculator`, separated by commas. Others are ignored: facegate has none of them.'),
  status: flagQuery.default(false).describe('Whether `execution_time` and `plugins_versions` are answered.'),
});

export type PictureQuery = z.infer<typeof pictureQuery>;

/** As many subjects as anybody reads. */
const MOST_PREDICTIONS = 1000;
const predictionCount = wholeQuery(-1, HUGE)
  .default(1)
  .refine((count) => count !== 0, 'must be 1 or more, or -1 for all')
  .transform((count) => (count === -1 ? MOST_PREDICTIONS : Math.min(count, MOST_PREDICTIONS)))
  .describe('The most similar so many subjects of each face; -1: all.');

export const recognizeQuery = pictureQuery.extend({
  prediction_count: predictionCount,
  detect_faces: flagQuery
    .default(true)
    .describe('Faces are always looked for: an embedding needs the landmarks of a detected face.'),
});

export const predictionsQuery = z.object({ prediction_count: predictionCount });

const orMissing =
  (otherwise: string) =>
  ({ input }: { input?: unknown }) =>
    input === undefined ? IS_MISSING : otherwise;

const named = z.string({ error: orMissing('must be a text') });

export const addFaceQuery = z.object({
  subject: named.describe('Created where nobody has that name yet.'),
  det_prob_threshold: pictureQuery.shape.det_prob_threshold,
  force: flagQuery
    .default(false)
    .describe('An addition of facegate: enrols the face though it looks like another subject.'),
});

/** What is no number, or out of range, is what was not said: so CompreFace reads paging. */
const page = (least: number, most: number, otherwise: number) =>
  z
    .string()
    .default('')
    .transform((text) => (/^\d{1,9}$/.test(text) && Number(text) >= least ? Math.min(Number(text), most) : otherwise));

export const facesQuery = z.object({
  page: page(0, 999_999_999, 0).describe('From 0.'),
  size: page(1, 2000, 20).describe('Faces on a page, at most 2000; 20 where it is left out.'),
  subject: z.string().optional().describe('Only the faces of this subject.'),
});

export const removeFacesQuery = z.object({
  subject: z.string().optional().describe('Without it every face of every subject, which needs the scope `admin`.'),
});

export const nameBody = z.object({ subject: named });
export const subjectParams = z.object({ subject: z.string().describe("the subject's name") });
export const imageParams = z.object({ image_id: z.string() });
export const idsBody = z.array(z.string().max(200), { error: 'must be a list of image ids' }).max(10_000);

const MOST_EMBEDDINGS = 64;
/** Wide enough for any embedder; the one that runs is compared by the route, which names both widths. */
const embedding = z.array(z.number(), { error: orMissing('must be a list of numbers') }).max(4096);
const many = z
  .array(embedding, { error: orMissing('must be a list of embeddings') })
  .min(1, 'must not be empty')
  .max(MOST_EMBEDDINGS, `must have at most ${MOST_EMBEDDINGS} embeddings`);

export const embeddingsBody = z.object({ embeddings: many });
export const sourceAndTargetsBody = z.object({ source: embedding, targets: many });

/** A multipart body, or JSON with the same names and base64; it is read as a stream, so nothing is validated here. */
export const picturesOrBase64Body = (...names: string[]) =>
  z.any().meta({
    type: 'object',
    required: names,
    properties: Object.fromEntries(
      names.map((name) => [name, { type: 'string', format: 'binary', description: 'in JSON: base64' }]),
    ),
  });

const similarity = z.number().describe('0..1; 0.5 and more: recognised');
const plugins = z.record(z.string(), z.string()).optional().describe('which model did what; with `status=true`');

const foundFace = z.object({
  box: z.object({
    probability: z.number(),
    x_max: z.int(),
    y_max: z.int(),
    x_min: z.int(),
    y_min: z.int(),
  }),
  landmarks: z
    .array(z.tuple([z.int(), z.int()]))
    .optional()
    .describe("eyes, nose, corners of the mouth, those on the picture's left first; with the plugin `landmarks`"),
  embedding: z.array(z.number()).optional().describe('of length 1; with the plugin `calculator`'),
  execution_time: z.record(z.string(), z.number()).optional().describe('milliseconds; with `status=true`'),
});

export type FoundFace = z.infer<typeof foundFace>;

const namedSimilarity = z.object({ subject: z.string(), similarity });

export const errorAnswer = z.object({ message: z.string(), code: z.int() }).meta({ id: 'CompreFaceError' });
export const subjectAnswer = z.object({ subject: z.string() });
export const subjectsAnswer = z.object({ subjects: z.array(z.string()) });
export const updatedAnswer = z.object({ updated: z.boolean() });
export const deletedAnswer = z.object({ deleted: z.int() });
export const faceAnswer = z.object({ image_id: z.string(), subject: z.string() }).meta({ id: 'CompreFaceImage' });
export const facesAnswer = z.object({
  faces: z.array(faceAnswer),
  page_number: z.int(),
  page_size: z.int(),
  total_pages: z.int(),
  total_elements: z.int(),
});
export const detectAnswer = z.object({ result: z.array(foundFace), plugins_versions: plugins });
export const recognizeAnswer = z.object({
  result: z.array(foundFace.extend({ subjects: z.array(namedSimilarity).describe('best first') })),
  plugins_versions: plugins,
});
export const verifyFaceAnswer = z.object({
  result: z.array(foundFace.extend({ subject: z.string(), similarity })),
  plugins_versions: plugins,
});
export const verifyAnswer = z.object({
  result: z.array(
    z.object({
      source_image_face: foundFace,
      face_matches: z.array(foundFace.extend({ similarity })),
      plugins_versions: plugins,
    }),
  ),
});
export const embeddingsAnswer = z.object({
  result: z.array(z.object({ embedding: z.array(z.number()), similarities: z.array(namedSimilarity) })),
});
export const embeddingMatchesAnswer = z.object({
  result: z.array(z.object({ embedding: z.array(z.number()), similarity })),
});

/** CompreFace's statuses; what each number means stands in docs/protocol.md. */
export const refusals = { '4xx': errorAnswer, '5xx': errorAnswer };
