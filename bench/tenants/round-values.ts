import { percentile } from '../report.ts';
import type { Asked } from './ask.ts';

/** What was measured, one value a round, by name. */
export class RoundValues {
  readonly #values = new Map<string, number[]>();
  readonly #reasons = new Map<string, Set<string>>();

  note(name: string, value: number): void {
    const values = this.#values.get(name);
    if (values) values.push(value);
    else this.#values.set(name, [value]);
  }

  /** `NAME, p50` and `NAME, p95` of the answers, and how many were wrong or none at all. */
  noteCalls(name: string, { latencies, wrong, failed }: Asked): void {
    for (const p of [50, 95]) this.note(`${name}, p${p}`, percentile(latencies, p));
    this.note(`${name}: answers`, latencies.length);
    this.note(`${name}: wrong`, wrong);
    this.note(`${name}: failed`, countOf(failed));
    this.#reasons.set(name, new Set([...(this.#reasons.get(name) ?? []), ...Object.keys(failed)]));
  }

  /** Why calls of this name got no answer: ` (503, ECONNRESET)`; empty where all got one. */
  whyFailed(name: string): string {
    const reasons = [...(this.#reasons.get(name) ?? [])].sort();
    return reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
  }

  of(name: string): number[] {
    const values = this.#values.get(name);
    if (!values) throw new Error(`nothing was noted as ${name}`);
    return values;
  }

  /** Round by round. */
  over(name: string, base: string): number[] {
    const bases = this.of(base);
    return this.of(name).map((value, round) => value / (bases[round] ?? Number.NaN));
  }

  /** Of all rounds. */
  sum(name: string): number {
    return this.of(name).reduce((sum, value) => sum + value, 0);
  }
}

export function countOf(failed: Readonly<Record<string, number>>): number {
  return Object.values(failed).reduce((sum, count) => sum + count, 0);
}
