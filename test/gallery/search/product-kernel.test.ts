import { describe, expect, it } from 'vitest';
import { type ProductKernels, productKernels, productModule } from '../../../gallery/search/product-kernel.ts';
import { interleave, quantisedBytes } from '../../../gallery/search/segment.ts';
import { type WasmModule, webAssembly } from '../../../gallery/search/web-assembly.ts';
import { randomNumbers } from '../../support/random-numbers.ts';

const OUT_AT = 8192;
const ROWS_AT = 16_384;

function product(a: Int16Array, b: Int16Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
}

describe('the product kernels', () => {
  it.each([
    [13, 1, 1],
    [13, 4, 3],
    [128, 2, 64],
    [128, 4, 1],
    [512, 1, 64],
    [512, 4, 17],
  ] as const)('multiply exactly: width %i, %i probes, %i rows', (width, group, rows) => {
    const rowBytes = quantisedBytes(width);
    const memory = new (webAssembly as NonNullable<typeof webAssembly>).Memory({
      initial: 4,
      maximum: 4,
      shared: true,
    });
    const kernels: ProductKernels = productKernels(productModule(rowBytes) as WasmModule, memory);
    const random = randomNumbers(width + group);
    const vector = () => Int16Array.from({ length: rowBytes / 2 }, () => Math.round((random() - 0.5) * 3000));
    const probes = Array.from({ length: group }, vector);
    interleave(probes, group, new Int16Array(memory.buffer, 0, (group * rowBytes) / 2));
    const written = Array.from({ length: rows }, (_, row) => {
      const values = vector();
      new Int16Array(memory.buffer, ROWS_AT + row * rowBytes).set(values);
      return values;
    });
    kernels[group](ROWS_AT, ROWS_AT + rows * rowBytes, 0, OUT_AT);
    const out = new Int32Array(memory.buffer, OUT_AT);
    for (const [p, probe] of probes.entries()) {
      const products = written.map((row) => product(row, probe));
      expect(products.map((_, row) => out[4 + row * 4 + p])).toEqual(products);
      const highest = [0, 1, 2, 3].filter((word) => word % group === p).map((word) => out[word] as number);
      expect(Math.max(...highest)).toBe(Math.max(...products));
    }
  });
});
