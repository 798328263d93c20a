import { z } from 'zod';
import { PRESET_NAMES } from '../config/presets.ts';
import entries from './catalog.json' with { type: 'json' };
import { unknownModel } from './unknown-model.ts';

/** Names stand in paths and URLs; the pattern keeps them out of other folders. */
export const MODEL_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

const triple = z.tuple([z.number(), z.number(), z.number()]);

/** How pixels become the network's input: `(value − mean) / std` per channel, in `channelOrder`, layout NCHW, float32. */
const input = z.strictObject({
  name: z.string(),
  channelOrder: z.enum(['rgb', 'bgr']),
  mean: triple,
  std: triple,
  /** Width and height where the network takes one size only; null where any multiple of 32 will do. */
  size: z.tuple([z.number().int(), z.number().int()]).nullable(),
});

const base = {
  name: z.string().regex(MODEL_NAME),
  title: z.string(),
  licence: z.string(),
  /** Where the file is published. Null: it is built on this machine (`builtFrom`), or a person brings it. */
  url: z.url().nullable(),
  /** Null: there are no bytes to expect, the file that lies in a models folder is taken. Never with a URL. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  bytes: z.number().int().nullable(),
  /** `starter`: built as ONNX from the weights in the npm package @vladmandic/face-api. */
  builtFrom: z.enum(['starter']).nullable(),
  input,
  /** Device memory it needs while it runs, MiB. */
  memoryMb: z.number(),
  /** The family member to fall back to when memory is short. */
  lighter: z.string().nullable(),
  /** How a person comes by the file where facegate fetches none: a sentence. */
  obtain: z.string().optional(),
  /** What its publishers call the file, without the extension. */
  fileNames: z.array(z.string()).default([]),
  /** `models/export/export.py --model <name>` writes it from a PyTorch checkpoint. */
  exportable: z.boolean().default(false),
  /** `int8`: its weights and values are rounded when it is loaded (int8.ts); never in the catalog itself. */
  precision: z.enum(['float32', 'int8']).default('float32'),
};

/** What every detector also says. */
const detector = {
  ...base,
  task: z.literal('detector'),
  /** `detector: auto` takes it on a device with more free memory than this, MiB; null: never by itself. */
  autoAboveMb: z.number().nullable(),
  /** Least confidence for the usual jobs, on this network's own scale. */
  presets: z.record(z.enum(PRESET_NAMES), z.number().min(0).max(1)),
};

const anchors = z.strictObject({
  minSizes: z.array(z.array(z.number())),
  steps: z.array(z.number()),
  variances: z.tuple([z.number(), z.number()]),
});

const retinaface = z.strictObject({
  ...detector,
  family: z.literal('retinaface'),
  outputs: z.strictObject({ boxes: z.string(), confidence: z.string(), landmarks: z.string() }),
  anchors,
  /** The published file is fixed to one size; this edit of its graph lifts that (models/onnx/). */
  graphEdit: z.literal('retinaface-dynamic').nullable(),
});

/** A level of the feature pyramid: side of its cells in pixels of the input, and the names of its outputs. */
const level = <T extends z.ZodRawShape>(outputs: T) =>
  z.strictObject({ step: z.number().int(), outputs: z.strictObject(outputs) });

/** The published file is fixed to one size; this edit of its graph lifts that where it is there (models/onnx/). */
const freeInputSize = z.literal('free-input-size').nullable();

const yunet = z.strictObject({
  ...detector,
  family: z.literal('yunet'),
  /** Confidence of a cell: the square root of `face` (the class) times `object` (how well the box sits). */
  levels: z.array(level({ face: z.string(), object: z.string(), boxes: z.string(), landmarks: z.string() })).min(1),
  graphEdit: freeInputSize,
});

const scrfd = z.strictObject({
  ...detector,
  family: z.literal('scrfd'),
  levels: z.array(level({ confidence: z.string(), boxes: z.string(), landmarks: z.string() })).min(1),
  anchorsPerCell: z.number().int(),
  graphEdit: freeInputSize,
});

/** SSD with precomputed priors, followed by the 68 landmarks of each face. */
const starterDetector = z.strictObject({
  ...detector,
  family: z.literal('starter-ssd'),
  outputs: z.strictObject({ boxes: z.string(), confidence: z.string() }),
  /** Catalog name of the network that gives a face its landmarks. */
  landmarks: z.string(),
});

const starterLandmarks = z.strictObject({
  ...base,
  task: z.literal('landmarks'),
  family: z.literal('starter-landmarks68'),
  outputs: z.strictObject({ landmarks: z.string() }),
});

const embedder = z.strictObject({
  ...base,
  task: z.literal('embedder'),
  family: z.enum(['arcface', 'curricularface', 'rts', 'starter-dlib']),
  /**
   * `embedding`: null where every export names it differently; it is then the output of the embedding's width.
   * `logVariance`: RTS's uncertainty, [n, 1]; its exponential is the OOD score, higher is worse.
   */
  outputs: z.strictObject({ embedding: z.string().nullable(), logVariance: z.string().optional() }),
  /** The published file is fixed to one face a run; this edit of its graph lifts that (models/onnx/). */
  graphEdit: z.literal('free-batch').nullable().default(null),
  embedding: z.strictObject({
    width: z.number().int(),
    /** Side of the aligned crop, pixels. */
    cropSize: z.number().int(),
    /** `arcface`: 5-point template of Deng et al. 2019; `dlib`: by the eyes, as the starter network was trained. */
    alignment: z.enum(['arcface', 'dlib']),
  }),
  calibration: z.strictObject({
    /** Cosine from which two faces are one person. */
    threshold: z.number(),
    /** Cosine by which the best subject must be ahead of the second. */
    margin: z.number(),
    /** `similarity01 = 1 / (1 + exp(−slope · (cosine − threshold)))`: 0.5 lies at the threshold. */
    similaritySlope: z.number(),
    /** Piecewise linear, ascending: [signal, quality]. The gate lies at 0.4. */
    quality: z.strictObject({
      /** `norm`: length of the embedding before it is normalised. `rts`: exp(logVariance), falling quality. */
      signal: z.enum(['norm', 'rts']),
      points: z.array(z.tuple([z.number(), z.number()])).min(2),
    }),
    /** What data the numbers come from. */
    source: z.string(),
  }),
});

/** MiniFASNet: a crop of the face box times `crop`; of its three logits one is "a live face". */
const minifasnet = z.strictObject({
  ...base,
  task: z.literal('scorer'),
  family: z.literal('minifasnet'),
  /** Name under which the settings ask for it together with the others of that name: their softmaxes are averaged. */
  ensemble: z.string().regex(MODEL_NAME),
  /** What the number is called in a face's `scores`. */
  scores: z.literal('liveness'),
  outputs: z.strictObject({ logits: z.string() }),
  /** Side of the crop, in sides of the face box. */
  crop: z.number(),
  /** Which of the logits is a live face. */
  liveClass: z.number().int(),
  /** From here on a face counts as live, 0..1. */
  threshold: z.number(),
});

const entrySchema = z.discriminatedUnion('family', [
  retinaface,
  yunet,
  scrfd,
  starterDetector,
  starterLandmarks,
  embedder,
  minifasnet,
]);

export type CatalogEntry = z.output<typeof entrySchema>;
export type RetinaFaceEntry = z.output<typeof retinaface>;
export type YuNetEntry = z.output<typeof yunet>;
export type ScrfdEntry = z.output<typeof scrfd>;
export type StarterDetectorEntry = z.output<typeof starterDetector>;
export type StarterLandmarksEntry = z.output<typeof starterLandmarks>;
export type DetectorEntry = RetinaFaceEntry | YuNetEntry | ScrfdEntry | StarterDetectorEntry;
export type EmbedderEntry = z.output<typeof embedder>;
export type ScorerEntry = z.output<typeof minifasnet>;

/** Everything facegate knows how to run, by name. */
export const CATALOG: ReadonlyMap<string, CatalogEntry> = new Map(
  z
    .array(entrySchema)
    .parse(entries)
    .map((entry) => [entry.name, entry]),
);

/** @throws {AppError} MODEL_UNKNOWN, with the names there are. */
export function catalogEntry(name: string): CatalogEntry {
  const entry = CATALOG.get(name);
  if (entry) return entry;
  throw unknownModel(name, CATALOG);
}

/** The networks that a scorer's name stands for: one, or an ensemble; empty where the catalog knows none. */
export function scorerEntries(name: string, catalog: ReadonlyMap<string, CatalogEntry> = CATALOG): ScorerEntry[] {
  return [...catalog.values()].flatMap((entry) =>
    entry.task === 'scorer' && (entry.name === name || entry.ensemble === name) ? [entry] : [],
  );
}
