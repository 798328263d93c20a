import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FetchOptions, fetchWeights } from '../../models/fetch-weights.ts';
import {
  hang,
  serve,
  serveWithoutRanges,
  stallAt,
  startWeightsServer,
  type WeightsServer,
} from '../support/weights-server.ts';

const weights = Buffer.alloc(200_000, 'weights').map((byte, at) => byte ^ (at % 199));

let folder: string;
let server: WeightsServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facegate-fetch-'));
  server = await startWeightsServer();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const options = (more: Partial<FetchOptions> = {}): FetchOptions => ({
  url: new URL(`${server.url}/w.onnx`),
  to: join(folder, 'w.onnx'),
  sha256: createHash('sha256').update(weights).digest('hex'),
  bytes: weights.length,
  ...more,
});

it('goes on after a server fell silent, keeping what came before', async () => {
  server.answer(stallAt(weights, 60_000), stallAt(weights, 120_000), serve(weights));
  expect(await fetchWeights(options({ stallTimeoutMs: 100 }))).toEqual({ state: 'good', bytes: weights.length });
  expect(server.requests).toEqual(['GET /w.onnx', 'GET /w.onnx bytes=60000-', 'GET /w.onnx bytes=120000-']);
});

it('gives up a server that stays silent and keeps the part', async () => {
  server.answer(stallAt(weights, 60_000), stallAt(weights, 60_000));
  const outcome = await fetchWeights(options({ stallTimeoutMs: 100 }));
  expect(outcome).toEqual({ state: 'failed', why: 'went silent for 100 ms' });
  expect((await stat(join(folder, 'w.onnx.part'))).size).toBe(60_000);
});

it('gives up a server that does not answer and leaves nothing behind', async () => {
  server.answer(hang);
  expect(await fetchWeights(options({ answerTimeoutMs: 50 }))).toEqual({ state: 'failed', why: 'no answer in 50 ms' });
  expect(await readdir(folder)).toEqual([]);
});

it('names the reason why a server cannot be reached', async () => {
  const { url } = server;
  await server[Symbol.asyncDispose]();
  const outcome = await fetchWeights(options({ url: new URL(`${url}/w.onnx`) }));
  expect(outcome).toEqual({ state: 'failed', why: 'could not be read (ECONNREFUSED)' });
  server = await startWeightsServer();
});

it('fetches a file whose size nobody knows', async () => {
  server.answer(serveWithoutRanges(weights));
  const totals = new Set<number | null>();
  const outcome = await fetchWeights(options({ bytes: null, onProgress: (_, total) => totals.add(total) }));
  expect(outcome).toEqual({ state: 'good', bytes: weights.length });
  expect([...totals]).toEqual([null]);
  expect(Buffer.compare(await readFile(join(folder, 'w.onnx')), weights)).toBe(0);
});

it('does not take a file that is shorter than the part for the rest of it', async () => {
  server.answer(stallAt(weights, 60_000), serve(weights.subarray(0, 50_000)));
  const outcome = await fetchWeights(options({ stallTimeoutMs: 100, bytes: null }));
  expect(outcome.state).toBe('failed');
  server.answer(serve(weights));
  expect((await fetchWeights(options())).state).toBe('good');
});
