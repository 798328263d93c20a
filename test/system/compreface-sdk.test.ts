import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { CompreFace } from '@exadel/compreface-js-sdk';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type FacegateProcess, startFacegate } from '../support/facegate-process.ts';
import { requirement, sharedDir } from '../support/requirements.ts';

/** What its README says and its types do not. */
interface Recognition {
  recognize(picture: unknown, options: object): Promise<Recognised>;
  getFaceCollection(): {
    list(): Promise<{ faces: Face[]; total_elements: number }>;
    add(picture: unknown, subject: string, options?: object): Promise<Face>;
    verify(picture: unknown, imageId: string, options?: object): Promise<{ result: (Found & Similar)[] }>;
    delete(imageId: string): Promise<Face>;
    delete_multiple_images(imageIds: string[]): Promise<Face[]>;
    delete_all_subject(subject: string): Promise<{ deleted: number }>;
    delete_all(): Promise<{ deleted: number }>;
  };
  getSubjects(): {
    list(): Promise<{ subjects: string[] }>;
    add(subject: string): Promise<{ subject: string }>;
    rename(from: string, to: string): Promise<{ updated: boolean }>;
    delete(subject: string): Promise<{ subject: string }>;
    deleteAll(): Promise<{ deleted: number }>;
  };
}
type Face = { image_id: string; subject: string };
type Similar = { subject: string; similarity: number };
type Found = {
  box: Record<'probability' | 'x_min' | 'y_min' | 'x_max' | 'y_max', number>;
  landmarks?: number[][];
  embedding?: number[];
  execution_time?: Record<string, number>;
};
type Recognised = { result: (Found & { subjects: Similar[] })[]; plugins_versions?: Record<string, string> };

const KEY = 'fg_sdk_0123456789abcdef0123';
const folder = mkdtempSync(join(tmpdir(), 'facegate-compreface-sdk-'));

/** The nth picture of somebody, as the SDK takes a file: a path that begins with a dot. */
function picture(person: string, number: number): string {
  const of = join(sharedDir, 'lfw-dev/images', person);
  return relative(process.cwd(), join(of, readdirSync(of).sort()[number] as string));
}
const base64 = (path: string) => readFileSync(path).toString('base64');
/** What the server said to a call that the SDK rejected. */
const refusal = (call: Promise<unknown>) =>
  call.then(
    (answer) => expect.fail(`was not refused: ${JSON.stringify(answer)}`),
    ({ response }: { response?: { status: number; data: unknown } }) => ({
      status: response?.status,
      data: response?.data,
    }),
  );

describe.skipIf(!requirement('shared').met)("CompreFace's own JavaScript SDK", () => {
  let facegate: FacegateProcess;
  let pictures: Server;
  let sdk: CompreFace;
  let service: Recognition;
  const collection = () => service.getFaceCollection();
  const subjects = () => service.getSubjects();
  const recognised = async (path: unknown, options: object = {}) =>
    (await service.recognize(path, options)).result[0]?.subjects[0];

  beforeAll(async () => {
    // Its list of subjects prints the key.
    vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const config = join(folder, 'facegate.yaml');
    writeFileSync(
      config,
      JSON.stringify({ server: { port: 0 }, keys: [{ name: 'sdk', key: KEY, scopes: ['admin'] }] }),
    );
    facegate = await startFacegate(['serve', '--config', config, '--data', folder]);
    pictures = createServer((request, response) => {
      const [, person = '', number = ''] = (request.url ?? '').split('/');
      response.writeHead(200, { 'content-type': 'image/jpeg' });
      response.end(readFileSync(picture(person, Number.parseInt(number, 10))));
    });
    await new Promise<void>((listening) => pictures.listen(0, '127.0.0.1', listening));
    const { hostname, port } = new URL(facegate.address);
    sdk = new CompreFace(`http://${hostname}`, Number(port));
    service = sdk.initFaceRecognitionService(KEY) as unknown as Recognition;
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    pictures?.close();
    await facegate?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const urlOf = (person: string, number: number) =>
    `http://127.0.0.1:${(pictures.address() as AddressInfo).port}/${person}/${number}.jpg`;

  it('adds subjects, renames, lists and deletes them', async () => {
    expect(await subjects().add('Gul')).toEqual({ subject: 'Gul' });
    expect(await subjects().add('Nobody In Particular')).toEqual({ subject: 'Nobody In Particular' });
    expect(await subjects().rename('Gul', 'Abdullah Gul')).toEqual({ updated: true });
    expect(await subjects().list()).toEqual({ subjects: ['Abdullah Gul', 'Nobody In Particular'] });
    expect(await subjects().delete('Nobody In Particular')).toEqual({ subject: 'Nobody In Particular' });
    expect((await subjects().list()).subjects).toEqual(['Abdullah Gul']);
    expect(await refusal(subjects().add('abdullah gul'))).toEqual({
      status: 400,
      data: { message: 'Subject already exists', code: 43 },
    });
    expect(await refusal(subjects().delete('Nobody'))).toMatchObject({ status: 404, data: { code: 42 } });
  });

  it('adds examples by file, by URL and as base64, also for somebody new', async () => {
    const added = await collection().add(picture('Abdullah_Gul', 0), 'Abdullah Gul');
    expect(added).toEqual({ image_id: expect.any(String), subject: 'Abdullah Gul' });
    expect(await collection().add(urlOf('Bill_Frist', 0), 'Bill Frist')).toMatchObject({ subject: 'Bill Frist' });
    const data = base64(picture('Amelie_Mauresmo', 0));
    expect(await collection().add(data, 'Amelie', { det_prob_threshold: 0.7 })).toMatchObject({ subject: 'Amelie' });
    expect((await subjects().list()).subjects).toEqual(['Abdullah Gul', 'Amelie', 'Bill Frist']);
    const { faces, total_elements } = await collection().list();
    expect([faces.length, total_elements, faces[0]]).toEqual([3, 3, added]);
  });

  it('recognises other pictures of the same people, and no stranger', async () => {
    for (const [person, name] of [
      ['Abdullah_Gul', 'Abdullah Gul'],
      ['Bill_Frist', 'Bill Frist'],
      ['Amelie_Mauresmo', 'Amelie'],
    ] as const) {
      expect(await recognised(picture(person, 1))).toEqual({ subject: name, similarity: expect.any(Number) });
      expect((await recognised(picture(person, 1)))?.similarity).toBeGreaterThan(0.5);
    }
    expect((await recognised(picture('Condoleezza_Rice', 0)))?.similarity).toBeLessThan(0.5);
    expect((await recognised(urlOf('Bill_Frist', 2)))?.subject).toBe('Bill Frist');
  });

  it('gets all that recognize can answer', async () => {
    const { result, plugins_versions } = await service.recognize(picture('Abdullah_Gul', 1), {
      limit: 1,
      det_prob_threshold: 0.8,
      prediction_count: 3,
      face_plugins: 'landmarks,calculator,age,gender',
      status: true,
    });
    expect(result).toHaveLength(1);
    const [face] = result;
    expect(face?.subjects.map(({ subject }) => subject)[0]).toBe('Abdullah Gul');
    expect(face?.subjects).toHaveLength(3);
    expect(face?.landmarks).toHaveLength(5);
    expect(face?.embedding).toHaveLength(128);
    expect(face?.execution_time?.detector).toBeGreaterThan(0);
    expect(plugins_versions).toMatchObject({
      detector: 'retinaface-mobilenet025',
      calculator: 'mobilefacenet-arcface-128d',
    });
  });

  it('verifies a picture against an enrolled face', async () => {
    const [gul] = (await collection().list()).faces;
    const verify = async (person: string) => {
      const { result } = await collection().verify(picture(person, 1), gul?.image_id as string, {
        limit: 1,
        status: true,
      });
      return result[0];
    };
    expect(await verify('Abdullah_Gul')).toMatchObject({ subject: 'Abdullah Gul' });
    expect((await verify('Abdullah_Gul'))?.similarity).toBeGreaterThan(0.5);
    expect((await verify('Bill_Frist'))?.similarity).toBeLessThan(0.5);
  });

  it('verifies two pictures, from files, URLs and base64', async () => {
    const verification = sdk.initFaceVerificationService(KEY);
    type Answer = { result: [{ source_image_face: Found; face_matches: (Found & Similar)[] }] };
    const compare = async (source: string, target: string, options: object = {}) => {
      const { result } = await verification.verify<Answer>(source, target, options as never);
      return result[0].face_matches[0]?.similarity;
    };
    const [one, other] = [picture('Bill_Frist', 1), picture('Bill_Frist', 2)];
    const stranger = picture('Amelie_Mauresmo', 1);
    expect(await compare(one, other)).toBeGreaterThan(0.5);
    expect(await compare(one, stranger)).toBeLessThan(0.5);
    // Joined by two question marks, which is understood.
    expect(await compare(one, other, { det_prob_threshold: 0.6, face_plugins: 'landmarks' })).toBeGreaterThan(0.5);
    expect(await compare(urlOf('Bill_Frist', 1), urlOf('Bill_Frist', 2))).toBeGreaterThan(0.5);
    expect(await compare(urlOf('Bill_Frist', 1), other)).toBeGreaterThan(0.5);
    expect(await compare(one, urlOf('Amelie_Mauresmo', 1))).toBeLessThan(0.5);
    expect(await compare(base64(one), base64(other))).toBeGreaterThan(0.5);
  });

  it('detects faces, and reads 28 where there is none', async () => {
    const detection = sdk.initFaceDetectionService(KEY);
    const { result } = await detection.detect<{ result: Found[] }>(picture('Abdullah_Gul', 0), {
      det_prob_threshold: 0.7,
      face_plugins: 'landmarks',
    } as never);
    const { box, landmarks } = result[0] as Found;
    expect(box.x_max).toBeGreaterThan(box.x_min);
    expect(box.probability).toBeGreaterThan(0.7);
    expect(landmarks).toHaveLength(5);
    const nobody = await sharp({ create: { width: 320, height: 240, channels: 3, background: '#567' } })
      .jpeg()
      .toBuffer();
    expect(await refusal(detection.detect(nobody.toString('base64')))).toEqual({
      status: 400,
      data: { message: 'No face is found in the given image', code: 28 },
    });
  });

  it('deletes examples: one, several, those of a subject, all of them, and all subjects', async () => {
    const extra: Face[] = [];
    for (const number of [1, 2, 3]) extra.push(await collection().add(picture('Bill_Frist', number), 'Bill Frist'));
    const [first, ...others] = extra;
    expect(await collection().delete(first?.image_id as string)).toEqual(first);
    expect(await refusal(collection().delete(first?.image_id as string))).toMatchObject({ data: { code: 44 } });
    const ids = others.map(({ image_id }) => image_id);
    expect(await collection().delete_multiple_images(ids)).toEqual(others);
    expect(await collection().delete_all_subject('Bill Frist')).toEqual({ deleted: 1 });
    expect((await recognised(picture('Bill_Frist', 1)))?.subject).not.toBe('Bill Frist');
    expect(await collection().delete_all()).toEqual({ deleted: 2 });
    expect((await collection().list()).faces).toEqual([]);
    expect(await subjects().deleteAll()).toEqual({ deleted: 3 });
    expect((await subjects().list()).subjects).toEqual([]);
  });

  it('is told about a wrong key', async () => {
    const stranger = sdk.initFaceRecognitionService('fg_wrong') as unknown as Recognition;
    expect(await refusal(stranger.getSubjects().list())).toMatchObject({ status: 404, data: { code: 10 } });
  });

  // What it cannot do against any server; docs/protocol.md says what to do instead.
  describe('cannot', () => {
    it('send a Buffer from Node: it names multipart without its boundary', async () => {
      const bytes = readFileSync(picture('Abdullah_Gul', 0));
      expect(await refusal(collection().add(bytes, 'Ada'))).toMatchObject({ status: 400, data: { code: 26 } });
      const types: unknown[] = [];
      const anyServer = createServer((request, response) => {
        types.push(request.headers['content-type']);
        request.resume().on('end', () => response.writeHead(400).end());
      });
      await new Promise<void>((listening) => anyServer.listen(0, '127.0.0.1', listening));
      const elsewhere = new CompreFace('http://127.0.0.1', (anyServer.address() as AddressInfo).port);
      await refusal(elsewhere.initFaceDetectionService(KEY).detect(bytes as never));
      anyServer.close();
      expect(types).toEqual(['multipart/form-data']);
    });

    it('send a file whose path does not begin with a dot: it takes the path for data', async () => {
      const path = join(process.cwd(), picture('Abdullah_Gul', 0));
      expect(await refusal(collection().add(path, 'Ada'))).toMatchObject({ status: 400 });
    });

    it('say a name beyond ASCII, but encoded', async () => {
      await expect(subjects().delete('Ада')).rejects.toThrow(/unescaped/i);
      await subjects().add('Ада');
      expect(await subjects().delete(encodeURIComponent('Ада'))).toEqual({ subject: 'Ада' });
    });

    it.each(['A/B', 'A?B', 'A#B', 'A%B'])('say a name with a mark of addresses (%s), but encoded', async (name) => {
      await subjects().add(name);
      expect(await refusal(subjects().delete(name))).toMatchObject({ status: expect.any(Number) });
      expect(await subjects().delete(encodeURIComponent(name))).toEqual({ subject: name });
    });

    it('enrol under a name with &, but encoded', async () => {
      const path = picture('Abdullah_Gul', 0);
      expect(await collection().add(path, 'A&B')).toMatchObject({ subject: 'A' });
      await subjects().delete('A');
      expect(await collection().add(path, encodeURIComponent('A&B'))).toMatchObject({ subject: 'A&B' });
      await subjects().delete(encodeURIComponent('A&B'));
    });

    it('use what getSubjects() gave twice: the second address has both names', async () => {
      const once = subjects();
      await subjects().add('Ada');
      await subjects().add('Bob');
      await once.delete('Ada');
      expect(await refusal(once.delete('Bob'))).toMatchObject({ status: 404 });
      await subjects().delete('Bob');
    });
  });
});
