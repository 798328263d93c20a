import type { AnalysedFace } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { AnalyseOptions, Analysis, AnalysisSlot, FaceAnalyser } from '../../pipeline/ports.ts';

type Answer = (
  image: PixelImage,
  options: AnalyseOptions,
) => readonly AnalysedFace[] | Promise<readonly AnalysedFace[]>;

export interface FakeAnalyser extends FaceAnalyser {
  /** What it was asked, in order. */
  readonly calls: { readonly image: PixelImage; readonly options: AnalyseOptions }[];
  /** What it says from now on. */
  answer: Answer;
}

/** Networks that say what a test tells them to; by default they see no face. */
export function fakeAnalyser(answer: Answer = () => []): FakeAnalyser {
  const analyse = async (image: PixelImage, options: AnalyseOptions = {}): Promise<Analysis> => {
    fake.calls.push({ image, options });
    return { faces: await fake.answer(image, options), timings: { detect: 1, embed: 1 } };
  };
  const fake: FakeAnalyser = {
    calls: [],
    answer,
    analyse,
    reserve: async (): Promise<AnalysisSlot> => ({ analyse, release: () => undefined }),
    [Symbol.asyncDispose]: async () => undefined,
  };
  return fake;
}

/** A frontal, fit face of 40×40 pixels with a unit embedding along the first of four axes. */
export function fakeFace(fields: Partial<AnalysedFace> = {}): AnalysedFace {
  const box = fields.box ?? [10, 20, 50, 60];
  const at = (x: number, y: number) =>
    [box[0] + (box[2] - box[0]) * x, box[1] + (box[3] - box[1]) * y] as [number, number];
  return {
    box,
    landmarks: {
      leftEye: at(0.3, 0.4),
      rightEye: at(0.7, 0.4),
      nose: at(0.5, 0.6),
      mouthLeft: at(0.35, 0.8),
      mouthRight: at(0.65, 0.8),
    },
    confidence: 0.9,
    embedding: { model: 'fake', vector: Float32Array.of(1, 0, 0, 0) },
    quality: 0.8,
    qualitySignal: 'norm',
    qualityParts: {},
    unfit: null,
    scores: {},
    ...fields,
  };
}
