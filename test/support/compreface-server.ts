import { join } from 'node:path';
import type { FastifyInstance, InjectOptions } from 'fastify';
import type { SettingsInput } from '../../config/settings-schema.ts';
import { enrolFromImage } from '../../gallery/enrol-from-image.ts';
import { openGallery, type SubjectGallery } from '../../gallery/subject-gallery.ts';
import type { AnalysedFace } from '../../pipeline/face.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { buildServer } from '../../server/build-server.ts';
import { type FakeAnalyser, fakeAnalyser, fakeFace } from './fake-analyser.ts';
import { type FakeServerParts, fakeServerParts } from './fake-server-parts.ts';
import { multipart } from './multipart.ts';
import { recordedLog } from './recorded-log.ts';
import { jpegPicture } from './test-pictures.ts';

/** A server with a real gallery and real decisions; only what the networks see is what the test says. */
export interface ComprefaceServer extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly parts: FakeServerParts;
  readonly gallery: SubjectGallery;
  readonly analyser: FakeAnalyser;
  /** Under /api/v1, with a key. */
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, o?: Partial<InjectOptions>): Promise<Answer>;
  /** Sends a picture in the part `file`, or in those named. */
  send(path: string, parts?: readonly string[]): Promise<Answer>;
  /** Enrols whoever the networks see by this embedding. */
  enrolled(name: string, ...vector: number[]): Promise<string>;
}

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire is for the test to look at
  body: any;
  headers: Record<string, unknown>;
}

/** A fit face with a unit embedding in that direction. */
export function faceAlong(vector: readonly number[], fields: Partial<AnalysedFace> = {}): AnalysedFace {
  const norm = Math.hypot(...vector);
  return fakeFace({
    embedding: { model: 'fake', vector: Float32Array.from(vector, (value) => value / norm) },
    ...fields,
  });
}

export async function comprefaceServer(
  o: { settings?: SettingsInput; keepImages?: boolean; key?: string } = {},
): Promise<ComprefaceServer> {
  const fake = await fakeServerParts({ ...(o.settings && { settings: o.settings }) });
  const gallery = openGallery({
    file: join(fake.baseDir, 'real-gallery.db'),
    model: 'fake',
    width: 4,
    keepImages: o.keepImages ?? false,
    log: recordedLog(),
    clock: systemClock,
  });
  const analyser = fakeAnalyser();
  const thresholds = { threshold: 0.3, margin: 0.05 };
  const parts = Object.assign(fake, {
    gallery,
    analyser,
    thresholds,
    clock: systemClock,
    enrol: (request: Parameters<FakeServerParts['enrol']>[0]) =>
      enrolFromImage({
        ...request,
        ...thresholds,
        gallery,
        analyser,
        ...(o.keepImages && { picture: async () => Buffer.from([0xff, 0xd8, 0xff, 0xd9]) }),
      }),
  });
  const app = await buildServer(parts);
  const headers = { 'x-api-key': o.key ?? 'any' };
  const call: ComprefaceServer['call'] = async (method, path, more = {}) => {
    const answer = await app.inject({
      method,
      url: `/api/v1/${path}`,
      ...more,
      headers: { ...headers, ...more.headers },
    } as InjectOptions);
    const json = String(answer.headers['content-type']).startsWith('application/json');
    return { status: answer.statusCode, body: json ? answer.json() : answer.rawPayload, headers: answer.headers };
  };
  const send: ComprefaceServer['send'] = async (path, names = ['file']) => {
    const picture = await jpegPicture();
    return call('POST', path, await multipart(Object.fromEntries(names.map((name) => [name, picture]))));
  };
  return {
    app,
    parts,
    gallery,
    analyser,
    call,
    send,
    async enrolled(name, ...vector) {
      analyser.answer = () => [faceAlong(vector)];
      const { status, body } = await send(`recognition/faces?subject=${encodeURIComponent(name)}`);
      if (status !== 201) throw new Error(`${name} was not enrolled: ${JSON.stringify(body)}`);
      return body.image_id;
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      await gallery.close();
      fake.dispose();
    },
  };
}
