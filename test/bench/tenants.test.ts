import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { figuresMarkdown } from '../../bench/figures-markdown.ts';
import { describeMachine } from '../../bench/machine.ts';
import type { Ratio, Row } from '../../bench/report.ts';
import { arrangementRatios, arrangementRows, badAnswers, SINGLES } from '../../bench/tenants/arrangement-figures.ts';
import { PinnedProgram, type Target } from '../../bench/tenants/ask.ts';
import { whileKilled } from '../../bench/tenants/kill-again-and-again.ts';
import { manyRatios, manyRows } from '../../bench/tenants/many-figures.ts';
import {
  CALLER,
  GATEWAY,
  neighbourRatios,
  neighbourRows,
  OTHERS,
  PHASES,
  processorSplit,
  VICTIM,
} from '../../bench/tenants/neighbour-figures.ts';
import { isRight } from '../../bench/tenants/questions.ts';
import { RoundValues } from '../../bench/tenants/round-values.ts';
import { treeCosts } from '../../bench/tenants/tree-costs.ts';
import { isAlive } from '../support/child-processes.ts';
import { eventually } from '../support/eventually.ts';

const ROUNDS = 3;
const at = (name: string) => new URL(`../../bench/tenants/${name}`, import.meta.url).href;

/** `calls` of so many milliseconds under each name, the same each round. */
function noted(names: Readonly<Record<string, number>>, wrong = 0): RoundValues {
  const values = new RoundValues();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, ms] of Object.entries(names))
      values.noteCalls(name, { latencies: [ms, ms], wrong, failed: { '503': 1 } });
  }
  return values;
}

function noteEachRound(values: RoundValues, name: string, value: number): void {
  for (let round = 0; round < ROUNDS; round += 1) values.note(name, value);
}

function arrangementValues(): RoundValues {
  const values = noted({
    'alone: compare': 100,
    'threads: compare': 120,
    'processes: compare': 105,
    'tenants: compare': 109,
    'alone: detect': 40,
    'threads: detect': 40,
    'processes: detect': 50,
    'tenants: detect': 40,
    'apart: compare, both': 110,
    'tenants: compare, both': 121,
    ...Object.fromEntries(
      SINGLES.flatMap((single) => [
        [`${single}: beside`, 200],
        [`${single}: overloaded`, 900],
        [`${single}: killed`, 300],
      ]),
    ),
  });
  for (const name of [...SINGLES, 'apart', 'tenants']) noteEachRound(values, `${name}: memory`, 250);
  for (const single of SINGLES) noteEachRound(values, `${single}: kills`, 4);
  return values;
}

function neighbourValues(wrong: number): RoundValues {
  const values = noted(
    Object.fromEntries(
      PHASES.flatMap((phase) => OTHERS.map((id) => [`${phase}: ${id}`, phase === 'null server' ? 100 : 110])),
    ),
    wrong,
  );
  for (const phase of ['null server', 'burst', 'continuous']) {
    noteEachRound(values, `${phase}: calls a second`, 20);
    for (const what of ['answers', 'wrong', 'failed']) noteEachRound(values, `${phase}: load: ${what}`, 0);
  }
  noteEachRound(values, 'inference killed: kills', 3);
  noteEachRound(values, 'tenant killed: back', 2);
  for (const phase of PHASES) {
    for (const who of [GATEWAY, CALLER, ...OTHERS])
      noteEachRound(values, `${phase}: ${who}, delay`, phase === 'burst' ? 10 : 4);
    if (phase !== 'tenant killed') noteEachRound(values, `${phase}: ${VICTIM}, delay`, phase === 'continuous' ? 30 : 6);
  }
  return values;
}

const costs = (server: number) => ({
  memory: { server: server * 2 ** 20, tenant: 2000 * 2 ** 20, inference: 2000 * 2 ** 20, ffmpeg: 400 * 2 ** 20 },
  processes: { server: 1, tenant: 20, inference: 20, ffmpeg: 20 },
  cores: { server: 0.1, tenant: 0.2, inference: 0.3, ffmpeg: 0.4 },
});
const many = {
  tenants: 20,
  alone: {
    ...costs(1),
    memory: { server: 150 * 2 ** 20, tenant: 0, inference: 60 * 2 ** 20, ffmpeg: 10 * 2 ** 20 },
    readyMs: 2000,
  },
  readyMs: 60_000,
  watching: costs(100),
  delaysMs: { gateway: 2, tenants: [5, 8, 6] },
  idle: costs(100),
};

const ratioNamed = (ratios: readonly Ratio[], name: string) => ratios.find((ratio) => ratio.name === name)!;

describe('figures of tenants', () => {
  const rows: Row[] = [
    ...arrangementRows(arrangementValues()),
    ...neighbourRows(neighbourValues(0)),
    ...manyRows(many),
  ];
  const ratios = [
    ...arrangementRatios(arrangementValues()),
    ...neighbourRatios(neighbourValues(0)),
    ...manyRatios(many),
  ];

  it('are numbers, each under a name of its own, and a table is made of them', () => {
    const all = [...rows, ...ratios];
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    for (const { values } of all) {
      expect(values.length).toBeGreaterThan(0);
      for (const value of values) expect(value).toSatisfy(Number.isFinite);
    }
    const table = figuresMarkdown({
      machine: describeMachine(),
      conditions: {
        at: '2026-11-21T00:00:00Z',
        seconds: 1,
        loadBefore: 0,
        ownShare: 1,
        othersShare: 0,
        stolenShare: 0,
      },
      measurement: { part: 'tenants', rows, ratios, remarks: [] },
    });
    for (const { name } of all) expect(table).toContain(`| ${name} |`);
    expect(table).not.toMatch(/NaN|undefined/);
  });

  it('compare round by round with the same networks alone, and with the null server', () => {
    expect(ratioNamed(ratios, '/compare in processes / alone, p50')).toEqual({
      name: '/compare in processes / alone, p50',
      values: [1.05, 1.05, 1.05],
      wanted: { atMost: 1.1 },
    });
    expect(ratioNamed(ratios, '/detect in processes / alone, p50').values).toEqual([1.25, 1.25, 1.25]);
    expect(ratioNamed(ratios, '/compare of two tenants / two facegates, p50').values[0]).toBeCloseTo(1.1);
    const neighbours = ratios.filter(({ name }) => name.startsWith('access, p95'));
    expect(neighbours.map(({ values }) => values[0])).toEqual(Array(PHASES.length - 1).fill(1.1));
    expect(neighbours.filter(({ wanted }) => wanted).map(({ wanted }) => wanted)).toEqual(
      Array(PHASES.length - 2).fill({ atMost: 1.2 }),
    );
  });

  it('count every answer that was wrong or missing', () => {
    const calls = PHASES.length * OTHERS.length * ROUNDS;
    const right = 'right answers of the others / calls';
    expect(ratioNamed(neighbourRatios(neighbourValues(0)), right).values[0]).toBeCloseTo(2 / 3);
    expect(ratioNamed(neighbourRatios(neighbourValues(1)), right).values[0]).toBeCloseTo(1 / 3);
    const row = neighbourRows(neighbourValues(1)).find(({ name }) => name.startsWith('answers of the others'))!;
    expect(row.values).toEqual([2 * calls]);
    expect(neighbourValues(0).whyFailed('burst: access')).toBe(' (503)');
    // Of what was killed, some may fail.
    expect(badAnswers(arrangementValues())).toBe((3 * 4 + 4) * ROUNDS);
  });

  it('say how late each main thread is in the worst phase of a round, and of twenty tenants the latest', () => {
    const late = (of: string) => ratioNamed(ratios, `${of}: delay of the main thread, p99 / 20 ms`);
    expect(late('three tenants, the gateway')).toMatchObject({ values: [0.5, 0.5, 0.5], wanted: { atMost: 1 } });
    expect(late(`three tenants, ${OTHERS[0]}`).values).toEqual([0.5, 0.5, 0.5]);
    expect(late(`three tenants, ${VICTIM}`).values).toEqual([1.5, 1.5, 1.5]);
    expect(late('20 tenants with cameras, the gateway').values).toEqual([0.1]);
    expect(late('20 tenants with cameras, the latest of them').values).toEqual([0.4]);
    const row = rows.find(({ name }) => name === `three tenants, ${VICTIM}: delay of the main thread, p99`)!;
    expect(row).toMatchObject({ values: [30, 30, 30], unit: 'ms', note: expect.stringContaining('without end') });
    // Beside them a program that shares the processors and does next to nothing: who is as late as that waits for a processor.
    const limits = rows.filter(({ name, as }) => name.includes('delay of the main thread') && as === 'limit');
    expect(limits.map(({ name }) => name)).toEqual([`three tenants, ${CALLER}: delay of the main thread, p99`]);
  });

  it('divide what twenty tenants take by twenty, without the gateway', () => {
    const each = rows.find(({ name }) => name === '20 tenants: memory of each')!;
    expect(each.values).toEqual([220]);
    expect(ratioNamed(ratios, '20 tenants: ready / as many times a facegate alone').values).toEqual([1.5]);
  });
});

it('splits the processors between who is loaded and the others', () => {
  expect(processorSplit([0, 1])).toEqual({ loaded: '1', others: '0' });
  expect(processorSplit([2, 3, 6, 7, 9])).toEqual({ loaded: '7,9', others: '2,3,6' });
  expect(() => processorSplit([0])).toThrow(/two processors/);
});

it('holds an answer to what was answered before', () => {
  const compared = { what: 'compare', isSamePerson: true, cosine: 0.675 } as const;
  expect(isRight('{"is_same_person":true,"cosine":0.68}', compared)).toBe(true);
  expect(isRight('{"is_same_person":true,"cosine":0.6}', compared)).toBe(false);
  expect(isRight('{"is_same_person":false,"cosine":0.675}', compared)).toBe(false);
  expect(isRight('{"faces":[1,2]}', compared)).toBe(false);
  expect(isRight('{"faces":[1,2]}', { what: 'detect', faces: 2 })).toBe(true);
  expect(isRight('{"faces":[1]}', { what: 'detect', faces: 2 })).toBe(false);
});

describe('a caller of its own', () => {
  it('asks each target in turn, so many times or until it is enough, and tells right, wrong and failed apart', async () => {
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        if (request.url === '/busy') response.statusCode = 503;
        response.end('{"faces":[1]}');
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const target = (name: string, path: string, faces: number | null): Target => ({
      name,
      path,
      url: address + path,
      contentType: 'text/plain',
      body: new Uint8Array(10),
      expected: faces === null ? null : { what: 'detect', faces },
    });
    await using caller = await PinnedProgram.start('caller.ts', null);
    const targets = [target('right', '/', 1), target('wrong', '/', 2), target('busy', '/busy', 1)];
    const { asked, ownDelayP99Ms } = await caller.ask({ targets, atOnce: 2, seconds: null, calls: 9 });
    expect(ownDelayP99Ms).toBeGreaterThanOrEqual(0);
    expect(asked.right).toEqual({
      latencies: [expect.any(Number), expect.any(Number), expect.any(Number)],
      wrong: 0,
      failed: {},
    });
    expect(asked.wrong).toMatchObject({ wrong: 3, failed: {} });
    expect(asked.busy).toEqual({ latencies: [], wrong: 0, failed: { '503': 3 } });

    const asking = caller.ask({ targets: [target('right', '/', 1)], atOnce: 1, seconds: null, calls: null });
    setTimeout(() => caller.enough(), 100);
    expect((await asking).asked.right!.latencies.length).toBeGreaterThan(0);
    server.close();
  });
});

describe('processes of a measurement', () => {
  let folder = '';
  let child: ChildProcess | undefined;
  let below: number | null = null;
  afterEach(() => {
    child?.kill('SIGKILL');
    if (below !== null && isAlive(below)) process.kill(below, 'SIGKILL');
    below = null;
    rmSync(folder, { recursive: true, force: true });
  });

  /** A program with one below it, which says its number; `rest` runs besides. */
  async function parentOf(rest: string): Promise<number> {
    folder = mkdtempSync(join(tmpdir(), 'facegate-bench-test-'));
    const script = join(folder, 'inference-process.js');
    writeFileSync(script, 'setInterval(() => {}, 1000)');
    const program = join(folder, 'parent.mjs');
    writeFileSync(
      program,
      `import { spawn } from 'node:child_process';
       ${rest}
       process.stdout.write(String(spawn(process.execPath, [${JSON.stringify(script)}]).pid));
       setInterval(() => {}, 1000);`,
    );
    child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = await once(child.stdout!, 'data');
    const pid = Number(said);
    below = pid;
    return pid;
  }

  it.runIf(process.platform === 'linux')('are counted by what they are for, and killed one by one', async () => {
    const under = await parentOf('');
    const costs = await eventually('both of them', () => {
      const now = treeCosts(child!.pid!);
      return now.processes.inference === 1 ? now : null;
    });
    expect(costs.processes).toEqual({ server: 1, tenant: 0, inference: 1, ffmpeg: 0 });
    expect(costs.memory.server).toBeGreaterThan(2 ** 20);
    const { kills } = await whileKilled(child!.pid!, 60_000, () => eventually('it is gone', () => !isAlive(under)));
    expect(kills).toBe(1);
  });

  it.runIf(process.platform === 'linux')(
    'end with it, by whatever signal a person ends it, and leave no folder',
    async () => {
      const kept = mkdtempSync(join(tmpdir(), 'facegate-bench-kept-'));
      mkdirSync(join(kept, 'data'));
      const under = await parentOf(
        `const { endWithUs } = await import(${JSON.stringify(at('end-with-us.ts'))}); endWithUs(${JSON.stringify(kept)});`,
      );
      const gone = once(child!, 'exit');
      child!.kill('SIGINT');
      expect(await gone).toEqual([130, null]);
      await eventually('what it started is gone', () => !isAlive(under));
      expect(existsSync(kept)).toBe(false);
    },
  );
});
