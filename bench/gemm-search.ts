import '../config/runtime-telemetry.ts';

import ort from 'onnxruntime-node';
import { GraphBuilder } from '../models/onnx/graph-builder.ts';

/**
 * The gallery as the weights of a network of one layer: onnxruntime multiplies float32 with all probes at once. The gallery
 * is a constant, which the runtime lays out anew for its kernel: faster than given as an input (by a fifth to a third here),
 * and would have to be built again whenever a template comes or goes.
 */
export class GemmSearch implements AsyncDisposable {
  readonly #session: ort.InferenceSession;
  readonly #rows: number;
  readonly #width: number;
  readonly #subjects: number;

  private constructor(session: ort.InferenceSession, rows: number, width: number, subjects: number) {
    this.#session = session;
    this.#rows = rows;
    this.#width = width;
    this.#subjects = subjects;
  }

  /** @param o.gallery shape [rows, width], of unit length; row i belongs to subject i % subjects. Not retained. */
  static async open(o: {
    gallery: Float32Array;
    rows: number;
    width: number;
    subjects: number;
    threads: number;
  }): Promise<GemmSearch> {
    const { gallery, rows, width, subjects, threads } = o;
    const graph = new GraphBuilder('gallery');
    const probes = graph.input('probes', ['n', width]);
    const products = graph.node('Gemm', [probes, graph.floats(gallery, [rows, width])], { transB: 1 });
    graph.output('similarity', products, ['n', rows]);
    const session = await ort.InferenceSession.create(graph.build(), {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // Threads that spin after their work would slow down what is measured next.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    });
    return new GemmSearch(session, rows, width, subjects);
  }

  /**
   * @param probes shape [count, width], of unit length.
   * @returns the two best subjects for each, the better one first.
   */
  async search(probes: Float32Array, count: number): Promise<[number, number][]> {
    const input = new ort.Tensor('float32', probes, [count, this.#width]);
    const { similarity } = await this.#session.run({ probes: input });
    const all = similarity!.data as Float32Array;
    return Array.from({ length: count }, (_, p) =>
      twoBestSubjects(all.subarray(p * this.#rows, (p + 1) * this.#rows), this.#subjects),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release();
  }
}

/** @param similarity of each row; row i belongs to subject i % subjects, of which there are two at least. */
export function twoBestSubjects(similarity: Float32Array, subjects: number): [number, number] {
  let first = -1;
  let second = -1;
  let best = Number.NEGATIVE_INFINITY;
  let next = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < similarity.length; row += 1) {
    const value = similarity[row]!;
    // Nearly every row ends here.
    if (value <= next) continue;
    const subject = row % subjects;
    if (subject === first) {
      best = Math.max(best, value);
    } else if (value > best) {
      [second, next] = [first, best];
      [first, best] = [subject, value];
    } else {
      [second, next] = [subject, value];
    }
  }
  return [first, second];
}
