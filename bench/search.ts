import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { EmbeddingIndex, MOST_SEARCH_THREADS } from '../gallery/embedding-index.ts';
import { templateBytes } from '../gallery/search/segment.ts';
import { randomNumbers } from '../test/support/random-numbers.ts';
import { Bandwidth } from './bandwidth.ts';
import { GemmSearch } from './gemm-search.ts';
import { LoopDelay } from './loop-delay.ts';
import type { BenchOptions } from './options.ts';
import { delayRatio, delayRow, type Measurement, median, percentile, type Ratio, type Row } from './report.ts';

const SIZES = [
  { rows: 1000, width: 128 },
  { rows: 10_000, width: 128 },
  { rows: 100_000, width: 128 },
  { rows: 1000, width: 512 },
  { rows: 10_000, width: 512 },
  { rows: 100_000, width: 512 },
] as const;
const PROBES = [1, 2, 8] as const;
const MOST_PROBES = 8;
const ROUNDS = 15;
const WARM_UP_ROUNDS = 5;
const TEMPLATES_EACH = 2;
const CHANGES = 2000;
const THREADS = availableParallelism();
/** As many as the gallery's own search takes. */
const GEMM_THREADS = Math.min(MOST_SEARCH_THREADS, THREADS);
/** The size that the promises are about. */
const PROMISED = { rows: 100_000, width: 512, probes: 8 } as const;
/** Of which a Gemm session is measured too; its weights are the gallery once more, twice. */
const GEMM = { rows: 100_000, width: 512, probes: [1, 8] } as const;
const PEER = fileURLToPath(new URL('./peers/numpy_search.py', import.meta.url));

/** Search of the gallery, beside reading its bytes once and beside NumPy, each in turn. */
export async function measureSearch(options: BenchOptions = {}): Promise<Measurement> {
  const { rounds = ROUNDS } = options;
  const rows: Row[] = [];
  const ratios: Ratio[] = [];
  const remarks: string[] = [];
  for (const size of SIZES) await measureSize(size, rounds, { rows, ratios });
  if (!process.env.FACEGATE_PEER_PYTHON)
    remarks.push('NumPy: not measured (FACEGATE_PEER_PYTHON names a Python with numpy)');
  remarks.push(
    `one pass: every float32 of the gallery read once and added up, by the same kind of kernel, ${THREADS} threads or one`,
    'ours reads bytes first, a quarter as much, and float32 only for the few that could be among the best',
    'top 2 subjects; random unit vectors, two templates a subject; the answers of NumPy, of the Gemm session and ours are compared',
  );
  return { part: 'search', rows, ratios, remarks };
}

async function measureSize(
  size: (typeof SIZES)[number],
  rounds: number,
  { rows, ratios }: { rows: Row[]; ratios: Ratio[] },
): Promise<void> {
  const { rows: count, width } = size;
  const name = `${count.toLocaleString('en')} × ${width}`;
  const subjects = count / TEMPLATES_EACH;
  const random = randomNumbers(count + width);
  const gallery = unitVectors(count, width, random);
  const probes = unitVectors(MOST_PROBES, width, random);
  const probe = (p: number) => probes.subarray(p * width, (p + 1) * width);
  const residentBefore = process.memoryUsage.rss();
  await using index = new EmbeddingIndex(width);
  for (let row = 0; row < count; row += 1) {
    index.put(`t${row}`, `${row % subjects}`, gallery.subarray(row * width, (row + 1) * width));
  }
  const kept = (process.memoryUsage.rss() - residentBefore) / count;
  await using bandwidth = await Bandwidth.open(count * width * 4, THREADS);
  await using peer = process.env.FACEGATE_PEER_PYTHON
    ? await NumpyPeer.start(process.env.FACEGATE_PEER_PYTHON, gallery, probes, count, width, subjects)
    : null;

  const gemm =
    count === GEMM.rows && width === GEMM.width
      ? await GemmSearch.open({ gallery, rows: count, width, subjects, threads: GEMM_THREADS })
      : null;

  const alone: number[] = [];
  const together: number[] = [];
  const passCpu: number[] = [];
  const searchCpu: number[] = [];
  const ours = new Map<number, number[]>(PROBES.map((n) => [n, []]));
  const gemms = new Map<number, number[]>(GEMM.probes.map((n) => [n, []]));
  const numpy = new Map<number, number[]>(PROBES.map((n) => [n, []]));
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    const counts = round >= 0;
    const beforePass = process.cpuUsage();
    const read = [bandwidth.alone()];
    const passUsed = cpuMs(beforePass);
    read.push(await bandwidth.together());
    if (counts) passCpu.push(passUsed);
    if (counts) alone.push(read[0] as number);
    if (counts) together.push(read[1] as number);
    for (const n of PROBES) {
      const some = Array.from({ length: n }, (_, p) => probe(p));
      const used = process.cpuUsage();
      const started = performance.now();
      const found = await index.search(some, 2);
      if (counts) ours.get(n)?.push(performance.now() - started);
      if (counts && n === PROMISED.probes) searchCpu.push(cpuMs(used));
      const gemmMs = gemms.get(n);
      if (gemm && gemmMs) {
        const began = performance.now();
        const multiplied = await gemm.search(probes.subarray(0, n * width), n);
        if (counts) gemmMs.push(performance.now() - began);
        expectSame(found, multiplied, `${name}: the Gemm session`);
      }
      if (!peer) continue;
      const theirs = await peer.search(n);
      if (counts) numpy.get(n)?.push(theirs.ms);
      expectSame(found, theirs.found, `${name}: NumPy`);
    }
  }
  // Neither its memory nor its threads beside what follows.
  await gemm?.[Symbol.asyncDispose]();
  rows.push({
    name: `${name}: one pass, one thread`,
    values: alone,
    unit: 'ms',
    as: 'limit',
    note: speed(bandwidth.bytes, alone),
  });
  rows.push({
    name: `${name}: one pass, all threads`,
    values: together,
    unit: 'ms',
    as: 'limit',
    note: speed(bandwidth.bytes, together),
  });
  for (const n of PROBES) {
    const mine = ours.get(n) as number[];
    const theirs = numpy.get(n) as number[];
    rows.push({ name: `${name}: search, ${probesText(n)}`, values: mine, unit: 'ms' });
    if (theirs.length > 0)
      rows.push({ name: `${name}: NumPy, ${probesText(n)}`, values: theirs, unit: 'ms', as: 'peer' });
    const promised = count === PROMISED.rows && width === PROMISED.width && n === PROMISED.probes;
    const limit = together.map((ms, i) => Math.min(ms, alone[i] as number));
    ratios.push({
      name: `${name}: ${probesText(n)} / one pass`,
      values: mine.map((ms, i) => ms / (limit[i] as number)),
      wanted: promised ? { atMost: 1.25 } : null,
    });
    const multiplied = gemms.get(n) ?? [];
    if (multiplied.length > 0) {
      rows.push({
        name: `${name}: onnxruntime Gemm session, ${probesText(n)}`,
        values: multiplied,
        unit: 'ms',
        as: 'peer',
        note: `float32, ${GEMM_THREADS} threads; the two best are chosen in JavaScript`,
      });
      ratios.push({
        name: `${name}: Gemm session / ours, ${probesText(n)}`,
        values: mine.map((ms, i) => (multiplied[i] as number) / ms),
        wanted: null,
      });
    }
    if (theirs.length === 0) continue;
    ratios.push({
      name: `${name}: NumPy / ours, ${probesText(n)}`,
      values: mine.map((ms, i) => (theirs[i] as number) / ms),
      wanted: promised ? { atLeast: 1 } : null,
    });
  }
  if (count === PROMISED.rows && width === PROMISED.width) {
    ratios.push({
      name: `${name}: ${probesText(PROMISED.probes)} / one pass, CPU of all threads`,
      values: searchCpu.map((ms, i) => ms / (passCpu[i] as number)),
      wanted: null,
    });
    await measureDelay(
      index,
      Array.from({ length: PROMISED.probes }, (_, p) => probe(p)),
      name,
      rows,
      ratios,
    );
    measureChanges(index, gallery, width, name, rows, ratios);
    rows.push({
      name: `${name}: memory that a template keeps`,
      values: [kept],
      unit: 'bytes',
      note: `growth of the resident memory; ${templateBytes(width)} of it are its row`,
    });
  }
}

async function measureDelay(
  index: EmbeddingIndex,
  probes: readonly Float32Array[],
  name: string,
  rows: Row[],
  ratios: Ratio[],
): Promise<void> {
  const late: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const delay = new LoopDelay();
    for (let search = 0; search < 100; search += 1) await index.search(probes, 2);
    late.push(delay.p99Ms());
  }
  rows.push(delayRow(late, `${name}: `, 'searching without a pause'));
  ratios.push(delayRatio(late, `${name}: `));
}

function measureChanges(
  index: EmbeddingIndex,
  gallery: Float32Array,
  width: number,
  name: string,
  rows: Row[],
  ratios: Ratio[],
): void {
  const timed = (change: (n: number) => void) =>
    Array.from({ length: CHANGES }, (_, n) => {
      const started = performance.now();
      change(n);
      return performance.now() - started;
    });
  const added = timed((n) => index.put(`new${n}`, `new${n}`, gallery.subarray(n * width, (n + 1) * width)));
  const removed = timed((n) => index.remove(`t${n}`));
  for (const [what, values] of [['adding', added] as const, ['removing', removed] as const]) {
    const note = `p99 ${percentile(values, 99).toFixed(3)}`;
    rows.push({ name: `${name}: ${what} a template`, values: [median(values)], unit: 'ms', note });
    ratios.push({ name: `${name}: ${what} / 1 ms`, values: [median(values)], wanted: { atMost: 1 } });
  }
}

/** @throws {Error} where another search found other subjects than ours. */
function expectSame(
  ours: readonly (readonly { readonly subjectId: string }[])[],
  theirs: readonly (readonly number[])[],
  whose: string,
): void {
  const same = ours.every((hits, p) => hits.every((hit, i) => hit.subjectId === `${theirs[p]?.[i]}`));
  if (!same) throw new Error(`${whose} and the gallery do not find the same subjects`);
}

/** Milliseconds of all threads of this program since then. */
function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

function probesText(count: number): string {
  return count === 1 ? '1 probe' : `${count} probes`;
}

function speed(bytes: number, milliseconds: readonly number[]): string {
  return `${(bytes / median(milliseconds) / 1e6).toFixed(1)} GB/s`;
}

function unitVectors(count: number, width: number, random: () => number): Float32Array {
  const all = Float32Array.from({ length: count * width }, () => random() + random() - 1);
  for (let row = 0; row < count; row += 1) {
    const vector = all.subarray(row * width, (row + 1) * width);
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    for (let i = 0; i < width; i += 1) vector[i] = (vector[i] as number) / length;
  }
  return all;
}

/** bench/peers/numpy_search.py, at work. */
class NumpyPeer implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  static async start(
    python: string,
    gallery: Float32Array,
    probes: Float32Array,
    ...shape: readonly [rows: number, width: number, subjects: number]
  ): Promise<NumpyPeer> {
    const [rows, width, subjects] = shape;
    const child = spawn(python, [PEER, rows, width, MOST_PROBES, subjects, '--threads', THREADS].map(String));
    child.stderr.pipe(process.stderr);
    for (const part of [gallery, probes]) {
      const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
      if (!child.stdin.write(bytes)) await once(child.stdin, 'drain');
    }
    return new NumpyPeer(child);
  }

  async search(probes: number): Promise<{ ms: number; found: number[][] }> {
    this.#child.stdin.write(`${probes}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`numpy_search.py ended: exit code ${this.#child.exitCode}`);
    return JSON.parse(value as string);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = this.#child.exitCode === null ? once(this.#child, 'exit') : undefined;
    this.#child.stdin.end();
    await gone;
  }
}
