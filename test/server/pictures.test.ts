import type { FastifyInstance } from 'fastify';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../config/app-error.ts';
import type { QualityParts } from '../../pipeline/face.ts';
import { buildServer } from '../../server/build-server.ts';
import { fakeFace } from '../support/fake-analyser.ts';
import { type FakeServerParts, fakeServerParts } from '../support/fake-server-parts.ts';
import { multipart } from '../support/multipart.ts';
import { jpegPicture, noisePicture } from '../support/test-pictures.ts';

let parts: FakeServerParts;
let app: FastifyInstance;

beforeEach(async () => {
  parts = await fakeServerParts({ settings: { server: { maxImageBytes: 2_000_000 } } });
  app = await buildServer(parts);
});
afterEach(async () => {
  await app.close();
  parts.dispose();
});

const detect = async (bytes: Uint8Array, query = '') =>
  app.inject({ url: `/detect${query}`, ...(await multipart({ image: bytes })) });

describe('POST /detect', () => {
  it('answers exactly the documented shape, whole pixels within the picture, in the order of the networks', async () => {
    parts.analyser.answer = () => [
      fakeFace({
        box: [-3.4, 10.6, 80.5, 130.2],
        landmarks: {
          leftEye: [10.4, 30.5],
          rightEye: [50.6, 30],
          nose: [30, 60],
          mouthLeft: [-0.2, 90],
          mouthRight: [48, 90],
        },
        confidence: 0.96,
      }),
      fakeFace({ confidence: 0.7 }),
    ];
    const answer = await detect(await jpegPicture(160, 120));
    expect(answer.statusCode).toBe(200);
    const { faces } = answer.json();
    expect(faces[0]).toEqual({
      bbox: [0, 11, 81, 120],
      keypoints: {
        left_eye: [10, 31],
        right_eye: [51, 30],
        nose: [30, 60],
        mouth_left: [0, 90],
        mouth_right: [48, 90],
      },
      confidence: 0.96,
    });
    expect(faces.map((face: { confidence: number }) => face.confidence)).toEqual([0.96, 0.7]);
  });

  it('turns a picture as its EXIF orientation says before it looks for faces', async () => {
    const turned = await noisePicture(160, 120).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect((await detect(turned)).statusCode).toBe(200);
    expect(parts.analyser.calls[0]?.image).toMatchObject({ width: 120, height: 160, format: 'rgb24' });
  });

  it('passes confidence, nms and max_faces on and asks for no more than boxes and scores', async () => {
    await detect(await jpegPicture(), '?confidence=0.25&nms=0.5&max_faces=3');
    expect(parts.analyser.calls[0]?.options).toMatchObject({
      confidence: 0.25,
      nms: 0.5,
      maxFaces: 3,
      want: 'scores',
    });
  });

  it('answers what scorers say of a face, where there are any', async () => {
    parts.analyser.answer = () => [fakeFace({ scores: { liveness: 0.98 } }), fakeFace()];
    const [scored, bare] = (await detect(await jpegPicture())).json().faces;
    expect(scored.scores).toEqual({ liveness: 0.98 });
    expect(bare).not.toHaveProperty('scores');
  });

  it.each([
    ['confidence=1.5', 'query "confidence" must be between 0 and 1'],
    ['confidence=high', 'query "confidence" must be between 0 and 1'],
    ['nms=-1', 'query "nms" must be between 0 and 1'],
    ['max_faces=0', 'query "max_faces" must be between 1 and 1000'],
    ['max_faces=2.5', 'query "max_faces" must be a whole number, 1 to 1000'],
  ])('rejects ?%s', async (query, message) => {
    const answer = await detect(await jpegPicture(), `?${query}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'REQUEST_INVALID', message });
    expect(parts.analyser.calls).toHaveLength(0);
  });

  it('answers a picture without any face with an empty list', async () => {
    expect((await detect(await jpegPicture())).json()).toEqual({ faces: [] });
  });

  it.each<[string, () => Promise<Uint8Array> | Uint8Array, number, string, RegExp]>([
    [
      'a text file',
      () => Buffer.from('hello, I am a text'),
      415,
      'IMAGE_UNSUPPORTED',
      /^image must be a JPEG, PNG or WebP/,
    ],
    ['an empty file', () => Buffer.alloc(0), 415, 'IMAGE_UNSUPPORTED', /is empty/],
    [
      'an SVG',
      () =>
        Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'),
      415,
      'IMAGE_UNSUPPORTED',
      /^image must be a JPEG, PNG or WebP/,
    ],
    ['a GIF', () => noisePicture().gif().toBuffer(), 415, 'IMAGE_UNSUPPORTED', /^image must be/],
    [
      'a truncated JPEG',
      async () => (await jpegPicture()).subarray(0, 900),
      422,
      'IMAGE_CORRUPT',
      /^image is a damaged or truncated JPEG picture$/,
    ],
    ['a JPEG of three bytes', () => Buffer.from([0xff, 0xd8, 0xff]), 422, 'IMAGE_CORRUPT', /^image is a damaged/],
    [
      'a truncated PNG',
      async () => {
        const png = await noisePicture().png().toBuffer();
        return png.subarray(0, png.length / 2);
      },
      422,
      'IMAGE_CORRUPT',
      /^image is a damaged or truncated PNG picture$/,
    ],
    [
      'a truncated WebP',
      async () => (await noisePicture().webp().toBuffer()).subarray(0, 200),
      422,
      'IMAGE_CORRUPT',
      /^image is a damaged or truncated WEBP picture$/,
    ],
    [
      'a 20,000×20,000 PNG',
      hugePng,
      413,
      'IMAGE_TOO_LARGE',
      /^image is 20000×20000 pixels, at most 16 million pixels are taken$/,
    ],
    [
      'more bytes than the limit',
      () => Buffer.alloc(2_000_001, 0xff),
      413,
      'IMAGE_TOO_LARGE',
      /^image has more than 2000000 bytes$/,
    ],
  ])('refuses %s, names the part and stays up', async (_what, bytes, status, code, message) => {
    const answer = await detect(await bytes());
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toEqual({ code, message: expect.stringMatching(message) });
    expect(parts.analyser.calls).toHaveLength(0);
    expect((await app.inject('/health')).statusCode).toBe(200);
  });

  it('says which part is missing', async () => {
    const answer = await app.inject({ url: '/detect', ...(await multipart({ photo: await jpegPicture() })) });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toEqual({ code: 'IMAGE_MISSING', message: 'the request has no file part "image"' });
  });

  it('takes the same part once only', async () => {
    const form = new FormData();
    const jpeg = await jpegPicture();
    for (let i = 0; i < 2; i += 1) form.append('image', new Blob([new Uint8Array(jpeg)]), 'a.jpg');
    const encoded = new Response(form);
    const answer = await app.inject({
      method: 'POST',
      url: '/detect',
      payload: Buffer.from(await encoded.arrayBuffer()),
      headers: { 'content-type': encoded.headers.get('content-type') ?? '' },
    });
    expect(answer.json()).toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it.each([
    ['no multipart', 'application/json', '{}'],
    ['a type nobody knows', 'image/jpeg', 'x'],
    ['multipart without a boundary', 'multipart/form-data', 'x'],
    [
      'a body that ends too early',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\nabc',
    ],
  ])('refuses %s', async (_what, contentType, payload) => {
    const answer = await app.inject({
      method: 'POST',
      url: '/detect',
      payload,
      headers: { 'content-type': contentType },
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().code).toMatch(/^(REQUEST_INVALID|IMAGE_MISSING)$/);
  });

  it('passes on what the networks say in their own code', async () => {
    parts.analyser.answer = () => {
      throw new AppError('INFERENCE_BUSY', 'too many requests are waiting');
    };
    const answer = await detect(await jpegPicture());
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.json()).toEqual({ code: 'INFERENCE_BUSY', message: 'too many requests are waiting' });
  });

  it('tells nobody but the log what a defect of its own is', async () => {
    parts.analyser.answer = () => {
      throw new Error('secret inner text');
    };
    const answer = await detect(await jpegPicture());
    expect(answer.statusCode).toBe(500);
    expect(answer.json().code).toBe('INTERNAL');
    expect(answer.body).not.toContain('secret inner text');
    expect(parts.logged.join('')).toContain('secret inner text');
  });
});

describe('POST /compare', () => {
  const other = { model: 'fake', vector: Float32Array.of(0, 1, 0, 0) };
  const compare = async (headers: Record<string, string> = {}, second: Uint8Array | null = null) => {
    const request = await multipart({
      image1: await jpegPicture(800, 600),
      image2: second ?? (await jpegPicture(160, 120)),
    });
    return app.inject({ url: '/compare', ...request, headers: { ...request.headers, ...headers } });
  };

  it('says same person at or above the threshold', async () => {
    parts.analyser.answer = () => [fakeFace()];
    const answer = (await compare()).json();
    const measured = { qualitySignal: 'norm', qualityParts: {}, unfit: null };
    expect(answer).toEqual({
      similarity: 1,
      is_same_person: true,
      message: 'Same person (similarity 1.000).',
      cosine: 1,
      threshold: 0.3,
      quality: { image1: 0.8, image2: 0.8 },
      faces: {
        image1: { count: 1, bbox: [10, 20, 50, 60], confidence: 0.9, ...measured },
        image2: { count: 1, bbox: [10, 20, 50, 60], confidence: 0.9, ...measured },
      },
    });
  });

  it.each([
    [0.3, true],
    [0.29, false],
  ])('takes a cosine of %d as same person: %s', async (cosine, same) => {
    const vector = new Float32Array(4);
    vector.set([cosine, Math.sqrt(1 - cosine * cosine)]);
    // The threshold as a float32, as the product of the vectors is.
    Object.assign(parts.compare, { threshold: Math.fround(0.3) });
    parts.analyser.answer = (image) =>
      image.width === 800 ? [fakeFace()] : [fakeFace({ embedding: { model: 'fake', vector } })];
    expect((await compare()).json().is_same_person).toBe(same);
  });

  it('lets the largest face of each picture count', async () => {
    parts.analyser.answer = (image) =>
      image.width === 800
        ? [fakeFace({ box: [0, 0, 20, 20], embedding: other, confidence: 0.99 }), fakeFace({ box: [30, 30, 90, 90] })]
        : [fakeFace()];
    const answer = (await compare()).json();
    expect(answer).toMatchObject({ cosine: 1, faces: { image1: { count: 2, bbox: [30, 30, 90, 90] } } });
  });

  it.each([
    ['image1', 800],
    ['image2', 160],
  ])('says that %s shows no face', async (name, width) => {
    parts.analyser.answer = (image) => (image.width === width ? [] : [fakeFace()]);
    const answer = await compare();
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toEqual({
      code: 'FACE_NOT_FOUND',
      message: `no face was found in ${name}`,
      details: { image: name },
    });
  });

  it('names the picture that is damaged', async () => {
    parts.analyser.answer = () => [fakeFace()];
    const answer = await compare({}, (await jpegPicture()).subarray(0, 700));
    expect(answer.json()).toMatchObject({ code: 'IMAGE_CORRUPT', message: expect.stringMatching(/^image2 /) });
  });

  it('never calls an unfit face the same person, however alike, and says why', async () => {
    parts.analyser.answer = (image) => [fakeFace(image.width === 800 ? {} : { unfit: 'low_quality', quality: 0.1 })];
    const answer = (await compare()).json();
    expect(answer).toMatchObject({ cosine: 1, is_same_person: false, quality: { image2: 0.1 } });
    expect(answer.message).toBe('Cannot be judged: the face in image2 is not fit to be recognised (low_quality).');
  });

  it.each<[string, string, Float32Array]>([
    ['another model', 'other', Float32Array.of(1, 0, 0, 0)],
    ['another width', 'fake', Float32Array.of(1, 0)],
  ])('never compares embeddings of %s', async (_, model, vector) => {
    parts.analyser.answer = (image) => [fakeFace(image.width === 800 ? {} : { embedding: { model, vector } })];
    const answer = await compare();
    expect(answer.statusCode).toBe(500);
    expect(answer.json().code).toBe('INFERENCE_FAILED');
    expect(answer.json()).not.toHaveProperty('similarity');
  });

  it('refuses a face that could not be embedded', async () => {
    parts.analyser.answer = (image) => [fakeFace(image.width === 800 ? { embedding: null, unfit: 'too_small' } : {})];
    const answer = await compare();
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({ code: 'FACE_UNFIT', details: { image: 'image1', reason: 'too_small' } });
  });

  it.each([
    ['zh-CN,zh;q=0.9,en;q=0.5', 'zh', '不是同一个人(相似度 0.100)。'],
    ['en;q=0.4, zh;q=0.2', 'en', 'Not the same person (similarity 0.100).'],
    ['fr, de', 'en', 'Not the same person (similarity 0.100).'],
    ['zh;q=junk', 'en', 'Not the same person (similarity 0.100).'],
  ])('speaks the language of %s', async (header, language, message) => {
    const vector = Float32Array.of(-0.8, 0.6, 0, 0);
    parts.analyser.answer = (image) => [fakeFace(image.width === 800 ? {} : { embedding: { model: 'fake', vector } })];
    const answer = await compare({ 'accept-language': header });
    expect(answer.headers['content-language']).toBe(language);
    expect(answer.json().message).toBe(message);
  });

  it('says what can be seen to be the reason when little is alike, and nothing when much is', async () => {
    const vector = Float32Array.of(-0.8, 0.6, 0, 0);
    parts.analyser.answer = (image) => {
      if (image.width === 800) return [fakeFace()];
      const face = fakeFace({ embedding: { model: 'fake', vector } });
      return [{ ...face, qualityParts: { size: 0.9, pose: 0.9, sharpness: 0.5, norm: 0.1 } }];
    };
    expect((await compare()).json().hints).toEqual([
      'The face in image2 is turned to the side; use a frontal one.',
      'The face in image2 is blurred; use a sharp picture.',
      'image2 is 160×120 pixels; use at least 640×480.',
      'If a face was missed, try a lower confidence.',
    ]);
    parts.analyser.answer = () => [fakeFace()];
    expect((await compare()).json()).not.toHaveProperty('hints');
  });

  it.each<[keyof QualityParts, number, RegExp]>([
    ['pose', 0.9, /turned to the side/],
    ['evenness', 0.7, /lit from one side/],
    ['light', 0.7, /is dark/],
    ['glare', 0.7, /over-exposed/],
    ['sharpness', 0.5, /is blurred/],
    ['size', 0.6, /is small/],
  ])('says what a low %s may have to do with it', async (part, low, hint) => {
    const embedding = { model: 'fake', vector: Float32Array.of(-1, 0, 0, 0) };
    const whole: QualityParts = { pose: 1, evenness: 0.9, light: 1, glare: 1, sharpness: 0.9, size: 0.8, norm: 0.8 };
    const hintsFor = async (qualityParts: QualityParts): Promise<string[]> => {
      parts.analyser.answer = (image) => (image.width === 800 ? [fakeFace()] : [fakeFace({ embedding, qualityParts })]);
      return (await compare()).json().hints.filter((text: string) => text.startsWith('The face'));
    };
    expect(await hintsFor(whole)).toEqual([]);
    expect(await hintsFor({ ...whole, [part]: low })).toEqual([expect.stringMatching(hint)]);
  });
});

describe('POST /detect_and_<step>', () => {
  const box = [40, 30, 100, 90] as const;
  const blur = async (bytes: Uint8Array, step = 'blur') =>
    app.inject({ url: `/detect_and_${step}`, ...(await multipart({ image: bytes })) });

  it.each(['jpeg', 'png', 'webp'] as const)('answers a %s in its own format, with the faces coarse', async (format) => {
    parts.analyser.answer = () => [fakeFace({ box })];
    const sent = await noisePicture(160, 120).toFormat(format).toBuffer();
    const answer = await blur(sent);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe(`image/${format}`);
    expect(answer.headers['x-facegate-faces']).toBe('1');
    const { info } = await sharp(answer.rawPayload).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 160, height: 120 });
    expect((await sharp(answer.rawPayload).metadata()).format).toBe(format);
  });

  it('leaves nothing of a face but block colours, and the rest as it was', async () => {
    parts.analyser.answer = () => [fakeFace({ box })];
    const sent = await noisePicture(160, 120).png().toBuffer();
    const answer = await blur(sent);
    const pixels = async (png: Buffer) => sharp(png).removeAlpha().raw().toBuffer();
    const [before, after] = [await pixels(sent), await pixels(answer.rawPayload)];
    const at = (data: Buffer, x: number, y: number) => data.readUIntBE((y * 160 + x) * 3, 3);
    const colours = new Set<number>();
    for (let y = box[1]; y < box[3]; y += 1) for (let x = box[0]; x < box[2]; x += 1) colours.add(at(after, x, y));
    expect(colours.size).toBeLessThanOrEqual(49);
    expect(at(after, 5, 5)).toBe(at(before, 5, 5));
    expect(at(after, 150, 110)).toBe(at(before, 150, 110));
  });

  it('asks for every face, so that none stays readable', async () => {
    await blur(await jpegPicture());
    expect(parts.analyser.calls[0]?.options).toMatchObject({ maxFaces: 1000, want: 'detections' });
  });

  it('does not pass the metadata on', async () => {
    const sent = await noisePicture()
      .withExif({ IFD0: { Copyright: 'whereabouts' } })
      .jpeg()
      .toBuffer();
    expect(sent.toString('latin1')).toContain('whereabouts');
    expect((await blur(sent)).rawPayload.toString('latin1')).not.toContain('whereabouts');
  });

  it('names the steps that there are when asked for another', async () => {
    const answer = await blur(await jpegPicture(), 'sharpen');
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toEqual({ code: 'STEP_NOT_FOUND', message: 'there is no step "sharpen"; known are blur' });
  });

  it('refuses a text', async () => {
    expect((await blur(Buffer.from('no picture'))).json().code).toBe('IMAGE_UNSUPPORTED');
  });
});

let huge: Promise<Buffer> | undefined;
/** Black, and so 1.2 MB as a file: 1.2 GB when decoded. */
function hugePng(): Promise<Buffer> {
  huge ??= sharp({
    create: { width: 20_000, height: 20_000, channels: 3, background: '#000' },
    limitInputPixels: false,
  })
    .png()
    .toBuffer();
  return huge;
}
