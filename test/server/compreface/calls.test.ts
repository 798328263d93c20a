import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ComprefaceServer, comprefaceServer, faceAlong } from '../../support/compreface-server.ts';
import { jpegPicture } from '../../support/test-pictures.ts';

let server: ComprefaceServer;
beforeEach(async () => {
  server = await comprefaceServer({ keepImages: false });
});
afterEach(() => server[Symbol.asyncDispose]());

const audited = () => server.parts.audit.read({ limit: 100 }).map(({ action }) => action);
const seeing = (...faces: ReturnType<typeof faceAlong>[]) => {
  server.analyser.answer = () => faces;
};
const error = (code: number, status: number, message: unknown = expect.any(String)) => ({
  status,
  body: { message, code },
  headers: expect.anything(),
});

describe('subjects', () => {
  it('are created, listed, renamed and deleted by their names', async () => {
    const { call } = server;
    expect(await call('GET', 'recognition/subjects')).toMatchObject({ status: 200, body: { subjects: [] } });
    expect(await call('POST', 'recognition/subjects', { payload: { subject: 'Ada' } })).toMatchObject({
      status: 201,
      body: { subject: 'Ada' },
    });
    await call('POST', 'recognition/subjects', { payload: { subject: 'Bob' } });
    expect((await call('GET', 'recognition/subjects')).body).toEqual({ subjects: ['Ada', 'Bob'] });
    expect((await call('PUT', 'recognition/subjects/Ada', { payload: { subject: 'Ada L.' } })).body).toEqual({
      updated: true,
    });
    expect((await call('DELETE', 'recognition/subjects/ada%20l.')).body).toEqual({ subject: 'Ada L.' });
    expect((await call('GET', 'recognition/subjects')).body).toEqual({ subjects: ['Bob'] });
    expect(audited()).toEqual(['subject.created', 'subject.created', 'subject.changed', 'subject.deleted']);
  });

  it.each([
    'Ada/Lovelace',
    '../../etc/passwd',
    'A&B?c=d',
    '100 %',
    'Ада 🙂',
    'x'.repeat(200),
    '🙂'.repeat(200),
    "'; DROP TABLE--",
  ])('may be called %s', async (name) => {
    const { call } = server;
    const path = `recognition/subjects/${encodeURIComponent(name)}`;
    expect((await call('POST', 'recognition/subjects', { payload: { subject: name } })).body).toEqual({
      subject: name,
    });
    expect((await call('PUT', path, { payload: { subject: 'Bob' } })).body).toEqual({ updated: true });
    await call('PUT', 'recognition/subjects/Bob', { payload: { subject: name } });
    expect((await call('DELETE', path)).body).toEqual({ subject: name });
  });

  it('are not changed where the name stays, and the answer says so', async () => {
    await server.call('POST', 'recognition/subjects', { payload: { subject: 'Ada' } });
    const same = await server.call('PUT', 'recognition/subjects/Ada', { payload: { subject: 'Ada' } });
    expect(same.body).toEqual({ updated: false });
    expect(audited()).toEqual(['subject.created']);
  });

  it('that have a name already, or none, are refused in CompreFace numbers', async () => {
    const { call } = server;
    const create = (subject: unknown) => call('POST', 'recognition/subjects', { payload: { subject } as object });
    await create('Ada');
    await create('Bob');
    expect(await create('ADA')).toEqual(error(43, 400, 'Subject already exists'));
    expect(await call('PUT', 'recognition/subjects/Bob', { payload: { subject: 'Ada' } })).toEqual(
      error(43, 400, 'Subject already exists'),
    );
    expect(await call('PUT', 'recognition/subjects/Eve', { payload: { subject: 'X' } })).toEqual(
      error(42, 404, 'Subject Eve not found'),
    );
    expect(await call('DELETE', 'recognition/subjects/Eve')).toEqual(error(42, 404, 'Subject Eve not found'));
    expect(await create(7)).toEqual(error(26, 400));
    expect(await call('POST', 'recognition/subjects', { payload: {} })).toEqual(
      error(33, 400, 'Required parameter subject is missing'),
    );
    expect(await create('x'.repeat(10_001))).toEqual(error(26, 400, expect.stringContaining('1 to 200')));
    expect((await call('GET', 'recognition/subjects')).body).toEqual({ subjects: ['Ada', 'Bob'] });
  });

  it('do not stand in the log: a name has to go when its subject goes', async () => {
    const { call, parts } = server;
    await call('POST', 'recognition/subjects', { payload: { subject: 'Zebedee' } });
    await call('PUT', 'recognition/subjects/Zebedee', { payload: { subject: 'Zebedee II' } });
    await call('DELETE', 'recognition/subjects/Zebedee');
    await call('DELETE', 'recognition/subjects/Zebedee%20II/nothing');
    await call('DELETE', 'recognition/subjects/Zebedee%20II');
    expect(parts.logged.filter((line) => line.includes('Zebedee'))).toEqual([]);
    expect(parts.logged.some((line) => line.includes('/api/v1/recognition/subjects/:subject'))).toBe(true);
  });

  it('are all deleted without anybody else having to wait for it', async () => {
    for (let i = 0; i < 20; i += 1) server.gallery.createSubject({ name: `person ${i}` });
    const all = server.call('DELETE', 'recognition/subjects');
    await expect.poll(() => server.gallery.size.subjects, { interval: 1 }).toBeLessThan(20);
    const left = server.gallery.subjects();
    expect(left.length).toBeGreaterThan(0);
    server.gallery.removeSubject(left.at(-1)?.id as string);
    expect((await all).body).toEqual({ deleted: 19 });
    expect(server.gallery.size.subjects).toBe(0);
  });

  it('are all deleted only by who meant it: not where a name got lost', async () => {
    const { call } = server;
    await server.enrolled('Ada', 1, 0, 0, 0);
    expect(await call('DELETE', 'recognition/subjects/')).toEqual(error(42, 404));
    expect(await call('DELETE', 'recognition/faces?subject=')).toEqual(error(26, 400));
    expect((await call('GET', 'recognition/subjects')).body.subjects).toEqual(['Ada']);
    // With the type and without a body, as the SDK does.
    const all = await call('DELETE', 'recognition/subjects', { headers: { 'content-type': 'application/json' } });
    expect(all.body).toEqual({ deleted: 1 });
    expect(server.gallery.size).toEqual({ subjects: 0, templates: 0, notSearched: 0 });
  });
});

describe('examples', () => {
  it('are added under a name, which makes the subject where nobody has it', async () => {
    seeing(faceAlong([1, 0, 0, 0]));
    const first = await server.send('recognition/faces?subject=Ada');
    expect(first).toMatchObject({ status: 201, body: { subject: 'Ada', image_id: expect.any(String) } });
    const { gallery } = server;
    expect(gallery.template(first.body.image_id)).toMatchObject({ subjectId: gallery.subjectNamed('Ada')?.id });
    await server.send('recognition/faces?subject=ada');
    expect(gallery.size).toMatchObject({ subjects: 1, templates: 2 });
    expect(audited()).toEqual(['subject.created', 'template.added', 'template.added']);
  });

  it('may come as base64 in JSON', async () => {
    seeing(faceAlong([1, 0, 0, 0]));
    const file = (await jpegPicture()).toString('base64');
    for (const sent of [file, `data:image/jpeg;base64,${file}`]) {
      const added = await server.call('POST', 'recognition/faces?subject=Ada', { payload: { file: sent } });
      expect(added.status).toBe(201);
    }
  });

  it('are looked for at the confidence that was asked for', async () => {
    seeing(faceAlong([1, 0, 0, 0]));
    await server.send('recognition/faces?subject=Ada&det_prob_threshold=0.35');
    expect(server.analyser.calls.at(-1)?.options).toMatchObject({ confidence: 0.35, want: 'embeddings' });
    await server.send('recognition/faces?subject=Ada&det_prob_threshold=');
    expect(server.analyser.calls.at(-1)?.options).not.toHaveProperty('confidence');
  });

  it.each([
    ['no face', () => [], 28, 'No face is found in the given image'],
    [
      'two faces',
      () => [faceAlong([1, 0, 0, 0]), faceAlong([0, 1, 0, 0])],
      31,
      'More than one face in the source image',
    ],
    ['an unfit face', () => [faceAlong([1, 0, 0, 0], { unfit: 'blurred' })], 26, 'the face is blurred'],
    ['somebody else', () => [faceAlong([0, 0, 1, 0])], 26, expect.stringMatching(/"Ada".*"Bob"/)],
  ] as const)('that show %s are refused, and no empty subject is left', async (_, faces, code, message) => {
    await server.enrolled('Bob', 0, 0, 1, 0);
    seeing(...faces());
    expect(await server.send('recognition/faces?subject=Ada')).toEqual(error(code, 400, message));
    expect(server.gallery.subjects().map(({ name }) => name)).toEqual(['Bob']);
    expect(audited().slice(2)).toEqual(['subject.created', 'subject.deleted']);
  });

  it('that look like somebody else are taken where the caller insists', async () => {
    await server.enrolled('Bob', 0, 0, 1, 0);
    expect((await server.send('recognition/faces?subject=Ada&force=true')).status).toBe(201);
  });

  it('survive a bad one of the same new person that came before and is refused meanwhile', async () => {
    const waiting: ((faces: ReturnType<typeof faceAlong>[]) => void)[] = [];
    server.analyser.answer = () => new Promise((resolve) => waiting.push(resolve));
    const bad = server.send('recognition/faces?subject=Ada');
    await expect.poll(() => waiting.length).toBe(1);
    const good = server.send('recognition/faces?subject=Ada');
    await expect.poll(() => waiting.length).toBe(2);
    waiting[0]?.([]);
    expect((await bad).body.code).toBe(28);
    seeing(faceAlong([1, 0, 0, 0]));
    waiting[1]?.([faceAlong([1, 0, 0, 0])]);
    expect((await good).status).toBe(201);
    expect(server.gallery.subjectNamed('Ada')?.templates).toBe(1);
  });

  it('are listed by pages, oldest first', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) ids.push(await server.enrolled(i < 3 ? 'Ada' : 'Bob', 1, i < 3 ? 0 : 50, 0, 0));
    const list = async (query: string) => (await server.call('GET', `recognition/faces${query}`)).body;
    expect(await list('')).toMatchObject({ page_number: 0, page_size: 20, total_pages: 1, total_elements: 5 });
    const second = await list('?page=1&size=2');
    expect(second).toEqual({
      faces: [
        { image_id: ids[2], subject: 'Ada' },
        { image_id: ids[3], subject: 'Bob' },
      ],
      page_number: 1,
      page_size: 2,
      total_pages: 3,
      total_elements: 5,
    });
    expect((await list('?page=9&size=2')).faces).toEqual([]);
    expect(await list('?subject=Bob')).toMatchObject({ total_elements: 2 });
    expect(await list('?subject=Eve')).toMatchObject({ faces: [], total_elements: 0, total_pages: 0 });
    expect(await list('?page=-1&size=many')).toMatchObject({ page_number: 0, page_size: 20 });
    expect(await list('?size=99999')).toMatchObject({ page_size: 2000 });
  });

  it('are deleted one by one, some at once, by subject, and all', async () => {
    const [a, b, c, d] = [
      await server.enrolled('Ada', 1, 0, 0, 0),
      await server.enrolled('Ada', 1, 0, 0, 0),
      await server.enrolled('Bob', 0, 1, 0, 0),
      await server.enrolled('Eve', 0, 0, 1, 0),
    ];
    const { call } = server;
    expect((await call('DELETE', `recognition/faces/${a}`)).body).toEqual({ image_id: a, subject: 'Ada' });
    expect(await call('DELETE', `recognition/faces/${a}`)).toEqual(error(44, 404));
    const some = await call('POST', 'recognition/faces/delete', { payload: [a, c, 'nonsense', c] });
    expect(some.body).toEqual([{ image_id: c, subject: 'Bob' }]);
    expect((await call('DELETE', 'recognition/faces?subject=Ada')).body).toEqual({ deleted: 1 });
    expect((await call('DELETE', 'recognition/faces?subject=nobody')).body).toEqual({ deleted: 0 });
    expect((await call('DELETE', 'recognition/faces')).body).toEqual({ deleted: 1 });
    expect(server.gallery.templates()).toEqual([]);
    expect([b, d]).toHaveLength(2);
    expect(server.gallery.subjects()).toHaveLength(3);
  });

  it('do not include what a subject is not', async () => {
    const id = await server.enrolled('Ada', 1, 0, 0, 0);
    const { gallery, call } = server;
    const ada = gallery.template(id).subjectId;
    const negative = gallery.addTemplate(ada, {
      embedding: { model: 'fake', vector: Float32Array.of(0, 1, 0, 0) },
      quality: 1,
      source: 'poster',
      kind: 'negative',
    });
    expect((await call('GET', 'recognition/faces')).body.faces).toEqual([{ image_id: id, subject: 'Ada' }]);
    expect(await call('DELETE', `recognition/faces/${negative.id}`)).toEqual(error(44, 404));
    expect((await call('DELETE', 'recognition/faces')).body).toEqual({ deleted: 1 });
    expect(gallery.templates().map((template) => template.id)).toEqual([negative.id]);
  });

  it('have a picture only where pictures are kept', async () => {
    const id = await server.enrolled('Ada', 1, 0, 0, 0);
    expect(await server.call('GET', `recognition/faces/${id}/img`)).toEqual(error(11, 404));
    expect(await server.call('GET', 'recognition/faces/nobody/img')).toEqual(error(44, 404));
    await using keeping = await comprefaceServer({ keepImages: true });
    const kept = await keeping.enrolled('Ada', 1, 0, 0, 0);
    const image = await keeping.call('GET', `recognition/faces/${kept}/img`);
    expect(image).toMatchObject({ status: 200, headers: { 'content-type': 'image/jpeg' } });
    expect([...image.body.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    expect(keeping.parts.audit.read({ limit: 10 }).at(-1)).toMatchObject({
      action: 'image.viewed',
      by: 'this machine',
      details: { face: kept },
    });
  });
});

describe('recognize', () => {
  it("answers in CompreFace's shape, the largest face first", async () => {
    await server.enrolled('Ada', 1, 0, 0, 0);
    seeing(faceAlong([0, 1, 0, 0], { box: [0, 0, 20, 20] }), faceAlong([1, 0, 0, 0], { box: [30, 10, 90, 80] }));
    const { status, body } = await server.send('recognition/recognize');
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['result']);
    const [ada, other] = body.result;
    expect(ada).toEqual({
      box: { probability: 0.9, x_max: 90, y_max: 80, x_min: 30, y_min: 10 },
      subjects: [{ subject: 'Ada', similarity: expect.any(Number) }],
    });
    expect(ada.subjects[0].similarity).toBeGreaterThan(0.99);
    expect(other.subjects).toEqual([{ subject: 'Ada', similarity: expect.any(Number) }]);
    expect(other.subjects[0].similarity).toBeLessThan(0.01);
  });

  it('notes whom it recognised as seen, and nobody else', async () => {
    await server.enrolled('Ada', 1, 0, 0, 0);
    await server.enrolled('Bob', 0, 1, 0, 0);
    seeing(faceAlong([1, 0.2, 0, 0]));
    await server.send('recognition/recognize?prediction_count=2');
    const seenAt = (name: string) => server.gallery.subjectNamed(name)?.lastSeenMs;
    expect(Date.now() - (seenAt('Ada') ?? 0)).toBeLessThan(120_000);
    expect(seenAt('Bob')).toBeNull();
  });

  it('names as many subjects as were asked for, best first', async () => {
    await server.enrolled('Ada', 1, 0, 0, 0);
    await server.enrolled('Bob', 0, 1, 0, 0);
    await server.enrolled('Eve', 0, 0, 1, 0);
    seeing(faceAlong([1, 0.2, 0.1, 0]));
    const names = async (query: string) =>
      (await server.send(`recognition/recognize${query}`)).body.result[0].subjects.map(
        ({ subject }: { subject: string }) => subject,
      );
    expect(await names('')).toEqual(['Ada']);
    expect(await names('?prediction_count=2')).toEqual(['Ada', 'Bob']);
    expect(await names('?prediction_count=-1')).toEqual(['Ada', 'Bob', 'Eve']);
    expect(await server.send('recognition/recognize?prediction_count=0')).toEqual(error(26, 400));
  });

  it('reaches 0.5 only for whom facegate itself recognises', async () => {
    await server.enrolled('Ada', 1, 0, 0, 0);
    const top = async () => (await server.send('recognition/recognize?prediction_count=2')).body.result[0].subjects;
    // At 0.31 over the threshold of 0.3, at 0.29 under it.
    seeing(faceAlong([0.31, Math.sqrt(1 - 0.31 ** 2), 0, 0]));
    expect((await top())[0].similarity).toBeGreaterThan(0.5);
    seeing(faceAlong([0.29, Math.sqrt(1 - 0.29 ** 2), 0, 0]));
    expect((await top())[0].similarity).toBeLessThan(0.5);

    // Twins: whoever is not ahead of the other by the margin is nobody.
    seeing(faceAlong([1, 0.02, 0, 0]));
    await server.send('recognition/faces?subject=Twin&force=true');
    seeing(faceAlong([1, 0.01, 0, 0]));
    expect(await top()).toEqual([
      { subject: expect.any(String), similarity: 0.49999 },
      { subject: expect.any(String), similarity: 0.49999 },
    ]);
    const [alone] = (await server.send('recognition/recognize')).body.result[0].subjects;
    expect(alone.similarity).toBe(0.49999);
    await server.call('DELETE', 'recognition/subjects/Twin');
    expect((await top())[0].similarity).toBeGreaterThan(0.99);

    // Whose validity is over.
    const ada = server.gallery.subjectNamed('Ada')?.id as string;
    server.gallery.changeSubject(ada, { validUntilMs: Date.now() - 1000 });
    expect(await top()).toEqual([{ subject: 'Ada', similarity: 0.49999 }]);
  });

  it('says nobody of a face that is not fit to be recognised', async () => {
    await server.enrolled('Ada', 1, 0, 0, 0);
    seeing(
      faceAlong([1, 0, 0, 0], { unfit: 'blurred', box: [0, 0, 90, 90] }),
      faceAlong([1, 0, 0, 0], { box: [0, 0, 60, 60] }),
      faceAlong([1, 0, 0, 0], { unfit: 'too_small', embedding: null, box: [0, 0, 9, 9] }),
    );
    const { result } = (await server.send('recognition/recognize?face_plugins=calculator')).body;
    expect(result.map(({ subjects }: { subjects: unknown[] }) => subjects.length)).toEqual([0, 1, 0]);
    expect(result.map((face: object) => 'embedding' in face)).toEqual([true, true, false]);
  });

  it('has nobody to name in an empty gallery', async () => {
    seeing(faceAlong([1, 0, 0, 0]));
    expect((await server.send('recognition/recognize')).body.result[0].subjects).toEqual([]);
  });

  it('adds what the plugins know, and ignores those that facegate has not', async () => {
    seeing(faceAlong([0.6, 0.8, 0, 0]));
    const query = '?face_plugins=landmarks,calculator,age,gender,mask,pose&status=true';
    const { body } = await server.send(`recognition/recognize${query}`);
    expect(body.result[0]).toEqual({
      box: expect.anything(),
      landmarks: [
        [22, 36],
        [38, 36],
        [30, 44],
        [24, 52],
        [36, 52],
      ],
      embedding: [Math.fround(0.6), Math.fround(0.8), 0, 0],
      execution_time: { detector: 1, calculator: 1 },
      subjects: [],
    });
    expect(body.plugins_versions).toEqual({ detector: 'fake-detector', calculator: 'fake-embedder' });
  });

  it('looks at the largest faces alone where a limit is set', async () => {
    seeing(faceAlong([1, 0, 0, 0], { box: [0, 0, 9, 9] }), faceAlong([0, 1, 0, 0], { box: [0, 0, 50, 50] }));
    const boxes = async (query: string) =>
      (await server.send(`recognition/recognize${query}`)).body.result.map(
        ({ box }: { box: { x_max: number } }) => box.x_max,
      );
    expect(await boxes('?limit=1')).toEqual([50]);
    expect(await boxes('?limit=0')).toEqual([50, 9]);
    expect(await boxes('?limit=')).toEqual([50, 9]);
  });

  it("is reached by the address that CompreFace's SDK writes", async () => {
    seeing(faceAlong([1, 0, 0, 0]));
    const { status } = await server.send('recognition/recognize&det_prob_threshold=0.8');
    expect(status).toBe(200);
    expect(server.analyser.calls.at(-1)?.options.confidence).toBe(0.8);
  });

  it.each([
    '?limit=-1',
    '?limit=one',
    '?det_prob_threshold=1.5',
    '?det_prob_threshold=high',
    '?status=perhaps',
    '?limit=1&limit=2',
    `?face_plugins=${'x'.repeat(501)}`,
  ])('refuses %s', async (query) => {
    expect(await server.send(`recognition/recognize${query}`)).toEqual(error(26, 400));
  });

  it('finds no face with 28', async () => {
    expect(await server.send('recognition/recognize')).toEqual(error(28, 400, 'No face is found in the given image'));
    expect(await server.send('detection/detect')).toEqual(error(28, 400, 'No face is found in the given image'));
  });
});

describe('detect', () => {
  it('answers faces without subjects, and embeds only where that is asked for', async () => {
    seeing(faceAlong([1, 0, 0, 0]));
    const { body } = await server.send('detection/detect?face_plugins=landmarks');
    expect(Object.keys(body.result[0])).toEqual(['box', 'landmarks']);
    expect(server.analyser.calls.at(-1)?.options.want).toBe('detections');
    await server.send('detection/detect?face_plugins=calculator');
    expect(server.analyser.calls.at(-1)?.options.want).toBe('embeddings');
  });
});

describe('verify', () => {
  it('compares a picture with an enrolled face', async () => {
    const id = await server.enrolled('Ada', 1, 0, 0, 0);
    seeing(
      faceAlong([1, 0.1, 0, 0], { box: [0, 0, 50, 50] }),
      faceAlong([0, 1, 0, 0], { box: [0, 0, 40, 40] }),
      faceAlong([1, 0, 0, 0], { box: [0, 0, 30, 30], unfit: 'too_dark' }),
      faceAlong([1, 0, 0, 0], { box: [0, 0, 9, 9], unfit: 'too_small', embedding: null }),
    );
    const { body } = await server.send(`recognition/faces/${id}/verify`);
    const told = body.result.map(({ similarity }: { similarity: number }) => similarity);
    expect(body.result[0]).toEqual({ box: expect.anything(), subject: 'Ada', similarity: told[0] });
    expect(told[0]).toBeGreaterThan(0.99);
    expect(told[1]).toBeLessThan(0.01);
    expect(told.slice(2)).toEqual([0.49999, 0]);
    expect(await server.send('recognition/faces/nobody/verify')).toEqual(error(44, 404));
  });

  it('compares two pictures', async () => {
    server.analyser.answer = (_image, { confidence }) =>
      confidence === undefined ? [] : [faceAlong([1, 0.1, 0, 0], { box: [0, 0, 50, 50] })];
    const parts = ['source_image', 'target_image'];
    const { body } = await server.send('verification/verify?det_prob_threshold=0.7&status=true', parts);
    expect(body).toEqual({
      result: [
        {
          source_image_face: { box: expect.anything(), execution_time: expect.anything() },
          face_matches: [{ box: expect.anything(), execution_time: expect.anything(), similarity: expect.any(Number) }],
          plugins_versions: { detector: 'fake-detector', calculator: 'fake-embedder' },
        },
      ],
    });
    expect(body.result[0].face_matches[0].similarity).toBe(1);
    expect(await server.send('verification/verify', parts)).toEqual(error(28, 400));
    expect(await server.send('verification/verify', ['source_image'])).toEqual(
      error(34, 400, expect.stringContaining('target_image')),
    );
  });

  it('wants one face in the source, and limits those of the target alone', async () => {
    const parts = ['source_image', 'target_image'];
    const two = [faceAlong([1, 0, 0, 0], { box: [0, 0, 50, 50] }), faceAlong([0, 1, 0, 0], { box: [0, 0, 40, 40] })];
    seeing(...two);
    expect(await server.send('verification/verify?limit=1', parts)).toEqual(
      error(31, 400, 'More than one face in the source image'),
    );
    let call = 0;
    server.analyser.answer = () => (call++ === 0 ? two.slice(0, 1) : two);
    expect((await server.send('verification/verify?limit=1', parts)).body.result[0].face_matches).toHaveLength(1);
  });

  it('takes two pictures as base64', async () => {
    seeing(faceAlong([1, 0, 0, 0]));
    const image = (await jpegPicture()).toString('base64');
    const both = { source_image: image, target_image: image };
    expect((await server.call('POST', 'verification/verify', { payload: both })).status).toBe(200);
    expect(await server.call('POST', 'verification/verify', { payload: { source_image: image } })).toEqual(
      error(34, 400, 'Required part target_image is missing'),
    );
  });
});

describe('embeddings', () => {
  it('are searched as faces are', async () => {
    await server.enrolled('Ada', 1, 0, 0, 0);
    await server.enrolled('Bob', 0, 1, 0, 0);
    const embeddings = [
      [7, 0.1, 0, 0],
      [0, 0, 1, 0],
    ];
    const { body } = await server.call('POST', 'recognition/embeddings/recognize?prediction_count=2', {
      payload: { embeddings },
    });
    expect(body.result.map(({ embedding }: { embedding: number[] }) => embedding)).toEqual(embeddings);
    const [ada, nobody] = body.result;
    expect(ada.similarities.map(({ subject }: { subject: string }) => subject)).toEqual(['Ada', 'Bob']);
    expect(ada.similarities[0].similarity).toBeGreaterThan(0.99);
    expect(nobody.similarities.every(({ similarity }: { similarity: number }) => similarity < 0.5)).toBe(true);
  });

  it('are compared with one of them, most similar first', async () => {
    const targets = [
      [0, 1, 0, 0],
      [2, 0, 0, 0],
    ];
    const { body } = await server.call('POST', 'verification/embeddings/verify', {
      payload: { source: [1, 0, 0, 0], targets },
    });
    expect(body.result).toEqual([
      { embedding: targets[1], similarity: 1 },
      { embedding: targets[0], similarity: expect.closeTo(0, 2) },
    ]);
  });

  it.each([
    ['of another width', [[1, 0]], 36],
    ['that is zero', [[0, 0, 0, 0]], 36],
    ['too large', [[1.7e308, 1.7e308, 0, 0]], 36],
    ['with something that is no number', [[1, null, 0, 0]], 26],
    ['that is none', 'x', 26],
    ['list without any', [], 26],
    ['list with too many', Array.from({ length: 65 }, () => [1, 0, 0, 0]), 26],
  ])('refuses an embedding %s', async (_, embeddings, code) => {
    const searched = await server.call('POST', 'recognition/embeddings/recognize', { payload: { embeddings } });
    expect(searched).toEqual(error(code, 400));
    const compared = await server.call('POST', 'verification/embeddings/verify', {
      payload: { source: [1, 0, 0, 0], targets: embeddings },
    });
    expect(compared).toEqual(error(code, 400));
  });

  it('go back and forth: what the calculator says is found again', async () => {
    await server.enrolled('Ada', 0.6, 0.8, 0, 0);
    const { embedding } = (await server.send('detection/detect?face_plugins=calculator')).body.result[0];
    const { body } = await server.call('POST', 'recognition/embeddings/recognize', {
      payload: { embeddings: [embedding] },
    });
    expect(body.result[0].similarities).toEqual([{ subject: 'Ada', similarity: expect.any(Number) }]);
    expect(body.result[0].similarities[0].similarity).toBeGreaterThan(0.99);
  });
});

describe('/openapi.json', () => {
  it('says of every call that a key in the header is what counts', async () => {
    const { paths } = (await server.app.inject('/openapi.json')).json();
    const calls = Object.entries<Record<string, { security: unknown }>>(paths).filter(([path]) =>
      path.startsWith('/api/v1/'),
    );
    const operations = calls.flatMap(([, methods]) => Object.values(methods));
    expect(operations).toHaveLength(17);
    for (const { security } of operations) expect(security).toEqual([{ apiKey: [] }]);
  });
});
