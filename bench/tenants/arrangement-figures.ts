import type { Ratio, Row } from '../report.ts';
import type { RoundValues } from './round-values.ts';

/** Arrangements of the two networks in one facegate. */
export const SINGLES = ['alone', 'threads', 'processes'] as const;
export type Single = (typeof SINGLES)[number];

const WORDS: Record<Single, string> = { alone: 'alone', threads: 'in threads', processes: 'in processes' };

/** Of the same networks alone. */
const WITHIN = 1.1;

export function arrangementRows(values: RoundValues): Row[] {
  const latency = (name: string, words: string, more: Pick<Row, 'as' | 'note'> = {}): Row[] =>
    [50, 95].map((p) => ({ name: `${words}, p${p}`, values: values.of(`${name}, p${p}`), unit: 'ms', ...more }));
  const memory = (name: string, words: string, note: string, more: Pick<Row, 'as'> = {}): Row => ({
    name: `memory, ${words}`,
    values: values.of(`${name}: memory`),
    unit: 'MiB',
    note,
    ...more,
  });
  return [
    ...(['compare', 'detect'] as const).flatMap((what) => [
      ...latency(`alone: ${what}`, `/${what} alone`, { as: 'limit' }),
      ...latency(`threads: ${what}`, `/${what} in threads`),
      ...latency(`processes: ${what}`, `/${what} in processes`),
      ...latency(`tenants: ${what}`, `/${what} of a tenant, the other one idle`),
    ]),
    ...latency('apart: compare, both', '/compare of two facegates at the same time', { as: 'limit' }),
    ...latency('tenants: compare, both', '/compare of two tenants at the same time'),
    memory('alone', 'alone', 'a server, an inference process with both networks'),
    memory('threads', 'in threads', 'a server'),
    memory('processes', 'in processes', 'a server, a process for each network'),
    memory('apart', 'two facegates', 'each as alone', { as: 'limit' }),
    memory('tenants', 'two tenants', 'a gateway; of each tenant its process and one inference process'),
    ...SINGLES.flatMap((single) => [
      ...latency(`${single}: beside`, `/compare ${WORDS[single]}, beside a busy generator`, { as: 'limit' }),
      ...latency(`${single}: overloaded`, `/compare ${WORDS[single]}, another caller overloads it`),
      ...(single === 'threads'
        ? []
        : latency(`${single}: killed`, `/compare ${WORDS[single]}, inference processes killed`, {
            note: `${values.sum(`${single}: kills`)} kills in all rounds; ${values.sum(`${single}: killed: failed`)} of ${
              values.sum(`${single}: killed: answers`) + values.sum(`${single}: killed: failed`)
            } calls failed`,
          })),
    ]),
  ];
}

export function arrangementRatios(values: RoundValues): Ratio[] {
  const ratio = (name: string, value: string, base: string, atMost: number | null = null): Ratio => ({
    name,
    values: values.over(value, base),
    wanted: atMost === null ? null : { atMost },
  });
  const toAlone = (name: string, words: string, atMost: number | null) =>
    (['compare', 'detect'] as const).flatMap((what) => [
      ratio(`/${what} ${words} / alone, p50`, `${name}: ${what}, p50`, `alone: ${what}, p50`, atMost),
      ratio(`/${what} ${words} / alone, p95`, `${name}: ${what}, p95`, `alone: ${what}, p95`),
    ]);
  return [
    ...toAlone('processes', 'in processes', WITHIN),
    ...toAlone('tenants', 'of a tenant', WITHIN),
    ...toAlone('threads', 'in threads', null),
    ratio(
      '/compare of two tenants / two facegates, p50',
      'tenants: compare, both, p50',
      'apart: compare, both, p50',
      WITHIN,
    ),
    ratio('memory of two tenants / two facegates', 'tenants: memory', 'apart: memory'),
    ...SINGLES.flatMap((single) => [
      ratio(
        `${WORDS[single]}: overloaded / beside a busy generator, p95`,
        `${single}: overloaded, p95`,
        `${single}: beside, p95`,
      ),
      ...(single === 'threads'
        ? []
        : [
            ratio(
              `${WORDS[single]}: inference processes killed / beside a busy generator, p95`,
              `${single}: killed, p95`,
              `${single}: beside, p95`,
            ),
          ]),
    ]),
  ];
}

/** Calls that anything was wrong with, where nothing was killed. */
export function badAnswers(values: RoundValues): number {
  const names = [
    ...SINGLES.flatMap((single) => ['compare', 'detect', 'beside', 'overloaded'].map((what) => `${single}: ${what}`)),
    'tenants: compare',
    'tenants: detect',
    'tenants: compare, both',
    'apart: compare, both',
  ];
  return names.reduce((sum, name) => sum + values.sum(`${name}: wrong`) + values.sum(`${name}: failed`), 0);
}
