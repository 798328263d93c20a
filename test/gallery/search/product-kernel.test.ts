import { describe, expect, it } from 'vitest';
import { packGroup } from '../../../gallery/search/probe-group.ts';
import {
  type ProductKernels,
  productKernels,
  productModule,
  ROW_TAIL_BYTES,
  wordsOf,
} from '../../../gallery/search/product-kernel.ts';
import {
  boundOf,
  type QuantisedVector,
  quantiseProbe,
  quantiseRow,
  ROW_OFFSET,
} from '../../../gallery/search/quantise.ts';
import { groupBytes, quantisedBytes } from '../../../gallery/search/segment.ts';
import { type WasmModule, webAssembly } from '../../../gallery/search/web-assembly.ts';
import { randomNumbers, randomUnitVector } from '../../support/random-numbers.ts';

const OUT_AT = 8192;
const ROWS_AT = 16_384;

const oneNumber = (width: number, value: number) =>
  Float32Array.from({ length: width }, (_, i) => (i === 0 ? value : 0));
const allAlike = (width: number) => new Float32Array(width).fill(1 / Math.sqrt(width));

function product(a: QuantisedVector, b: QuantisedVector): number {
  return a.numbers.reduce((sum, value, i) => sum + value * (b.numbers[i] as number), 0);
}

describe('the product kernels', () => {
  it.each([
    [13, 1, 1],
    [13, 4, 3],
    [128, 2, 64],
    [128, 4, 1],
    [512, 1, 64],
    [512, 4, 17],
    [13, 8, 2],
    [512, 8, 9],
  ] as const)(
    'multiply exactly, also where sums are as large as they can be: width %i, %i probes, %i rows',
    (width, group, rows) => {
      const rowBytes = quantisedBytes(width);
      const stride = rowBytes + ROW_TAIL_BYTES;
      const memory = new (webAssembly as NonNullable<typeof webAssembly>).Memory({
        initial: 4,
        maximum: 4,
        shared: true,
      });
      const kernels: ProductKernels = productKernels(productModule(rowBytes) as WasmModule, memory);
      const random = randomNumbers(width + group);
      // The largest products of all: a vector with itself and with its opposite, spread out and in one place.
      const vectors = [allAlike(width), allAlike(width).map((x) => -x), oneNumber(width, 1), oneNumber(width, -1)];
      const vector = (n: number) => vectors[n] ?? randomUnitVector(random, width);
      const probes = Array.from({ length: group }, (_, p) => vector(p));
      packGroup(probes, group, new Uint8Array(memory.buffer, 0, groupBytes(width)));
      const written = Array.from({ length: rows }, (_, row) => {
        const quantised = quantiseRow(vector(row));
        new Uint8Array(memory.buffer, ROWS_AT + row * stride).set(Array.from(quantised.numbers, (n) => n + ROW_OFFSET));
        new Float32Array(memory.buffer, ROWS_AT + row * stride + rowBytes, 2).set([
          1 / quantised.scale,
          quantised.error,
        ]);
        return quantised;
      });
      kernels[group](ROWS_AT, ROWS_AT + rows * stride, 0, OUT_AT);
      const out = new Float32Array(memory.buffer, OUT_AT);
      const words = wordsOf(group);
      for (const [p, probe] of probes.entries()) {
        const quantised = quantiseProbe(probe);
        const values = written.map((_, row) => out[(1 + row) * words + p] as number);
        const factor = Math.fround(boundOf(quantised).factor);
        // One unit of the product is 1 / scale, at least a 200th: an error of one would show.
        for (const [row, one] of written.entries())
          expect(values[row]).toBeCloseTo(product(one, quantised) / one.scale + one.error * factor, 2);
        const greatest = Array.from({ length: words }, (_, word) => word)
          .filter((word) => word % group === p)
          .map((word) => out[word] as number);
        expect(Math.max(...greatest)).toBe(Math.max(...values));
      }
    },
  );
});
