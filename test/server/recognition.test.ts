import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildServer } from '../../server/build-server.ts';
import { fakeFace } from '../support/fake-analyser.ts';
import { type FakeServerParts, fakeServerParts } from '../support/fake-server-parts.ts';
import { multipart } from '../support/multipart.ts';
import { jpegPicture } from '../support/test-pictures.ts';

let parts: FakeServerParts;
let app: FastifyInstance;
let ada: string;
let grace: string;

beforeEach(async () => {
  parts = await fakeServerParts({ settings: { server: { requestsPerMinute: 1_000_000 } } });
  app = await buildServer(parts);
  ada = enrolled('Ada', [1, 0, 0, 0]);
  grace = enrolled('Grace', [0, 1, 0, 0]);
});
afterEach(async () => {
  await app.close();
  parts.dispose();
});

const embedding = (values: readonly number[]) => ({ model: 'fake', vector: Float32Array.from(values) });
const toward = (a: number, b: number) => [a, b, Math.sqrt(1 - a * a - b * b), 0];
function enrolled(name: string, vector: readonly number[], more: object = {}): string {
  const { id } = parts.gallery.createSubject({ name, ...more });
  parts.gallery.addTemplate(id, { embedding: embedding(vector), quality: 0.8, source: 'test' });
  return id;
}
const search = (payload: unknown) =>
  app.inject({
    method: 'POST',
    url: '/search',
    headers: { 'content-type': 'application/json' },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });
const recognize = async (query = '') =>
  app.inject({ url: `/recognize${query}`, ...(await multipart({ image: await jpegPicture() })) });

describe('POST /recognize', () => {
  it('says for each face who it is, or why it is nobody, and who it resembles', async () => {
    parts.analyser.answer = () => [
      fakeFace({ embedding: embedding(toward(0.9, 0.2)) }),
      fakeFace({ embedding: embedding(toward(0.6, 0.58)) }),
      fakeFace({ embedding: embedding(toward(0.1, 0.2)) }),
      fakeFace({ embedding: embedding([1, 0, 0, 0]), unfit: 'blurred', quality: 0.2, qualitySignal: 'sharpness' }),
      fakeFace({ embedding: null, unfit: 'too_small', quality: null, qualitySignal: null }),
    ];
    const answer = await recognize();
    expect(answer.statusCode).toBe(200);
    const { faces, ...rest } = answer.json();
    expect(rest).toEqual({ model: 'fake', threshold: 0.3, margin: 0.05 });
    expect(faces[0]).toEqual({
      bbox: [10, 20, 50, 60],
      confidence: 0.9,
      keypoints: expect.objectContaining({ left_eye: [22, 36] }),
      status: 'known',
      subject: { id: ada, name: 'Ada' },
      similarity: expect.closeTo(0.9, 2),
      margin: expect.closeTo(0.7, 2),
      reason: null,
      quality: 0.8,
      qualitySignal: 'norm',
      candidates: [
        { subject: { id: ada, name: 'Ada' }, similarity: expect.closeTo(0.9, 2) },
        { subject: { id: grace, name: 'Grace' }, similarity: expect.closeTo(0.2, 2) },
      ],
    });
    expect(faces.map((face: { status: string; reason: string }) => [face.status, face.reason])).toEqual([
      ['known', null],
      ['unknown', 'margin'],
      ['unknown', 'threshold'],
      ['unfit', 'blurred'],
      ['unfit', 'too_small'],
    ]);
    expect(faces.map((face: { candidates: unknown[] }) => face.candidates.length)).toEqual([2, 2, 2, 0, 0]);
  });

  it('shows as many candidates as are asked for, and judges by two even where none is', async () => {
    parts.analyser.answer = () => [fakeFace({ embedding: embedding(toward(0.6, 0.58)) })];
    for (const [query, count] of [
      ['?candidates=0', 0],
      ['?candidates=1', 1],
      ['?candidates=100', 2],
    ] as const) {
      const [face] = (await recognize(query)).json().faces;
      expect([query, face.candidates.length, face.reason]).toEqual([query, count, 'margin']);
    }
  });

  it('knows nobody outside their validity, nor who looks like what they are not', async () => {
    enrolled('Guest', [0, 0, 0, 1], { validUntilMs: parts.clock.wallMs() - 1 });
    parts.gallery.addTemplate(grace, {
      embedding: embedding(toward(0, 0.95)),
      quality: 0.8,
      source: 'poster',
      kind: 'negative',
    });
    parts.analyser.answer = () => [
      fakeFace({ embedding: embedding([0, 0, 0, 1]) }),
      fakeFace({ embedding: embedding(toward(0, 0.95)) }),
    ];
    const { faces } = (await recognize()).json();
    expect(faces).toMatchObject([
      { status: 'unknown', subject: null, reason: 'expired' },
      { status: 'unknown', subject: null, reason: 'negative' },
    ]);
  });

  it('notes whom it knew as seen, and nobody else', async () => {
    parts.analyser.answer = () => [fakeFace({ embedding: embedding(toward(0.9, 0.2)) })];
    await recognize();
    const seenAt = async (id: string) => (await app.inject(`/subjects/${id}`)).json().lastSeenAt;
    expect([await seenAt(ada), await seenAt(grace)]).toEqual([new Date(parts.clock.wallMs()).toISOString(), null]);
  });

  it.each([
    ['?candidates=101', 'query "candidates" must be between 0 and 100'],
    ['?candidates=-1', 'query "candidates" must be between 0 and 100'],
    ['?confidence=2', 'query "confidence" must be between 0 and 1'],
  ])('refuses %s', async (query, message) => {
    const answer = await recognize(query);
    expect([answer.statusCode, answer.json().message]).toEqual([400, message]);
  });
});

describe('POST /search', () => {
  it('says for each embedding, in order and whatever its length, who it is', async () => {
    const answer = await search({
      embeddings: [
        [0, 1e-30, 0, 0],
        [1e300, 0, 0, 0],
        [0, 0, 5, 0],
      ],
      k: 1,
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({
      model: 'fake',
      threshold: 0.3,
      margin: 0.05,
      results: [
        { status: 'known', subject: { id: grace, name: 'Grace' }, similarity: expect.closeTo(1), reason: null },
        {
          status: 'known',
          subject: { id: ada, name: 'Ada' },
          similarity: expect.closeTo(1),
          margin: expect.closeTo(1),
        },
        { status: 'unknown', subject: null, reason: 'threshold', candidates: [{ similarity: expect.closeTo(0) }] },
      ],
    });
  });

  it.each([
    [{}, 400, 'body "embeddings" must be a list of embeddings'],
    [{ embeddings: [] }, 400, 'body "embeddings" must hold at least one embedding'],
    [{ embeddings: Array.from({ length: 65 }, () => [1, 0, 0, 0]) }, 400, 'must hold at most 64 embeddings'],
    [{ embeddings: [1, 0, 0, 0] }, 400, 'body "embeddings.0" must be a list of numbers'],
    [
      {
        embeddings: [
          [1, 0, 0, 0],
          [1, 'x', 0, 0],
        ],
      },
      400,
      'body "embeddings.1.1" must be a number',
    ],
    // What JSON makes of NaN.
    [{ embeddings: [[Number.NaN, 0, 0, 0]] }, 400, 'body "embeddings.0.0" must be a number'],
    ['{"embeddings":[[1e999,0,0,0]]}', 400, 'body "embeddings.0.0" must be a number'],
    ['{"embeddings":[[NaN,0,0,0]]}', 400, ''],
    [{ embeddings: [[1, 0, 0, 0]], k: 0 }, 400, 'body "k" must be between 1 and 100'],
    [{ embeddings: [[1, 0, 0, 0]], k: 101 }, 400, 'body "k" must be between 1 and 100'],
    [{ embeddings: [[1, 0, 0, 0]], k: 1.5 }, 400, 'body "k" must be a whole number, 1 to 100'],
    [{ embeddings: [[1, 0, 0, 0]], threshold: 0 }, 400, '"threshold"'],
    [
      {
        embeddings: [
          [1, 0, 0, 0],
          [1, 0, 0],
        ],
      },
      422,
      'body "embeddings.1" must have the 4 numbers of fake, got 3',
    ],
    [{ embeddings: [[1, 0, 0, 0, 0]] }, 422, 'body "embeddings.0" must have the 4 numbers of fake, got 5'],
    [{ embeddings: [[]] }, 422, 'body "embeddings.0" must have the 4 numbers of fake, got 0'],
    [
      {
        embeddings: [
          [1, 0, 0, 0],
          [0, -0, 0, 0],
        ],
      },
      422,
      'body "embeddings.1" must not be zero',
    ],
  ])('refuses %j with %i and the name of the field', async (payload, status, message) => {
    const answer = await search(payload);
    expect(answer.statusCode).toBe(status);
    expect(answer.json().message).toContain(message);
    const mismatch = /must have the 4 numbers/.test(message) ? 'EMBEDDING_MISMATCH' : 'EMBEDDING_INVALID';
    expect(answer.json().code).toBe(status === 400 ? 'REQUEST_INVALID' : mismatch);
  });

  it('refuses a body over its limit', async () => {
    const answer = await search({ embeddings: [Array.from({ length: 2_200_000 }, () => 1)] });
    expect([answer.statusCode, answer.json().message]).toEqual([400, 'the body is larger than this request may be']);
  });

  it('answers or refuses whatever is sent, and knows nobody whom the cosine does not', async () => {
    const number = fc.oneof(fc.double(), fc.constantFrom(0, -0, 1, -1, 5e-324, 1.7e308, Number.NaN, Infinity));
    const vector = fc.oneof(
      { weight: 4, arbitrary: fc.array(number, { minLength: 4, maxLength: 4 }) },
      fc.array(number, { maxLength: 9 }),
    );
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(vector, { minLength: 1, maxLength: 4 }), async (embeddings) => {
        const answer = await search({ embeddings, k: 2 });
        if (answer.statusCode !== 200) {
          expect([400, 422]).toContain(answer.statusCode);
          expect(answer.json().message).toMatch(/"embeddings\.\d/);
          return;
        }
        answered += 1;
        const { results } = answer.json();
        expect(results).toHaveLength(embeddings.length);
        for (const [at, { status, subject, similarity }] of results.entries()) {
          const largest = Math.max(...(embeddings[at] as number[]).map(Math.abs));
          const [a, b, c, d] = (embeddings[at] as number[]).map((value) => value / largest) as [
            number,
            number,
            number,
            number,
          ];
          const length = Math.sqrt(a * a + b * b + c * c + d * d);
          const [first, second] = [Math.max(a, b) / length, Math.min(a, b) / length];
          expect(similarity).toBeCloseTo(first, 4);
          // Clear of the rounding of float32 on either side.
          if (first > 0.301 && first - second > 0.051) {
            expect([status, subject.id]).toEqual(['known', a > b ? ada : grace]);
          } else if (first < 0.299 || first - second < 0.049) {
            expect([status, subject]).toEqual(['unknown', null]);
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(answered).toBeGreaterThan(20);
    expect(parts.gallery.size).toEqual({ subjects: 2, templates: 2, notSearched: 0 });
  });
});
