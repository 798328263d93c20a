import { Worker } from 'node:worker_threads';
import { op, wasmBytes } from '../gallery/search/wasm-bytes.ts';
import { type WasmMemory, webAssembly } from '../gallery/search/web-assembly.ts';

const PAGE = 65_536;
/** Sums side by side: more than the additions under way at once. */
const SUMS = 8;

/** A function that reads from one address to another, 128 bytes a turn, and adds up what it reads. */
function readingModule(): Uint8Array {
  const [from, to, firstSum] = [0, 1, 3];
  const sums = Array.from({ length: SUMS }, (_, i) => i);
  return wasmBytes([
    {
      name: 'read',
      parameters: 3,
      integers: 0,
      vectors: SUMS,
      code: [
        op.loop,
        ...sums.flatMap((i) => [
          op.get(from),
          op.load(i * 16),
          op.get(firstSum + i),
          op.addFourFloats,
          op.set(firstSum + i),
        ]),
        ...[op.get(from), op.constant(SUMS * 16), op.add, op.tee(from), op.get(to), op.lessUnsigned, op.repeatIf],
        op.end,
        // Somebody must want the sums, or nothing need be read.
        ...sums.flatMap((i) => [op.get(2), op.get(firstSum + i), op.store(i * 16)]),
      ],
    },
  ]);
}

const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(workerData.bytes), { gallery: { rows: workerData.memory } });
parentPort.on('message', ([from, to, out]) => {
  exports.read(from, to, out);
  parentPort.postMessage(null);
});
parentPort.postMessage(null);
`;

type Read = (from: number, to: number, out: number) => void;

/** Memory as large as a gallery, and how long it takes to read it once: what no search of all its bytes can beat. */
export class Bandwidth implements AsyncDisposable {
  readonly bytes: number;
  readonly #read: Read;
  readonly #workers: readonly Worker[];

  private constructor(bytes: number, memory: WasmMemory, code: Uint8Array, workers: readonly Worker[]) {
    const wasm = webAssembly as NonNullable<typeof webAssembly>;
    this.bytes = bytes;
    this.#read = new wasm.Instance(new wasm.Module(code), { gallery: { rows: memory } }).exports.read as Read;
    this.#workers = workers;
  }

  static async open(bytes: number, threads: number): Promise<Bandwidth> {
    if (!webAssembly) throw new Error('this bench needs WebAssembly');
    const pages = Math.ceil(bytes / PAGE) + 1;
    const memory = new webAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    // Pages that nobody wrote to are all one page of zeros.
    new Float32Array(memory.buffer).fill(0.5);
    const code = readingModule();
    const workers = Array.from(
      { length: threads },
      () => new Worker(THREAD, { eval: true, workerData: { bytes: code, memory } }),
    );
    await Promise.all(workers.map(answer));
    return new Bandwidth(bytes, memory, code, workers);
  }

  /** Milliseconds, this thread alone. */
  alone(): number {
    const started = performance.now();
    this.#read(PAGE, PAGE + this.bytes, 0);
    return performance.now() - started;
  }

  /** Milliseconds, all threads together, each its part. */
  async together(): Promise<number> {
    const part = Math.ceil(this.bytes / this.#workers.length / (SUMS * 16)) * SUMS * 16;
    const started = performance.now();
    await Promise.all(
      this.#workers.map((worker, i) => {
        const answered = answer(worker);
        worker.postMessage([PAGE + i * part, PAGE + Math.min(this.bytes, (i + 1) * part), 1024 * (i + 1)]);
        return answered;
      }),
    );
    return performance.now() - started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

function answer(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', () => {
      worker.off('error', reject);
      resolve();
    });
  });
}
