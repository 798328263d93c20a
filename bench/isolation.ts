import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { settingsSchema } from '../config/settings-schema.ts';
import type { EmbedderEntry, ScorerEntry } from '../models/catalog.ts';
import { scorerEntries } from '../models/catalog.ts';
import { AUTO } from '../models/choose-models.ts';
import { type FaceAnalyserConfig, LocalFaceAnalyser } from '../models/inference/face-analyser.ts';
import { openModelStore, type ResolvedModel } from '../models/store.ts';
import { silentLog } from '../pipeline/silent-log.ts';
import { filmFrames } from '../test/support/film-frames.ts';
import type { HostAnswer, HostReady, HostTask, NetworkTask } from './isolation-host.ts';
import { film, modelMirrors } from './materials.ts';
import type { BenchOptions } from './options.ts';
import { delayRatio, delayRow, type Measurement, percentile, type Ratio, type Row } from './report.ts';

const ROUNDS = 5;
const SECONDS = 4;
/** Some way into the film, where people have come near. */
const FRAME = 60;

const MODES = ['alone', 'apart', 'thread', 'process'] as const;
type Mode = (typeof MODES)[number];
const WORDS: Record<Mode, string> = {
  alone: 'alone',
  apart: 'alone, cores busy',
  thread: 'in threads',
  process: 'in processes',
};
const MEMORY_NOTES: Record<Mode, string> = {
  alone: 'three programs, one after the other',
  apart: 'three programs',
  thread: 'one program',
  process: 'one program and three processes',
};

/**
 * What it costs a network to live beside others: detector, embedder and liveness, each called without a pause, one call
 * after the other.
 *
 * Alone: a program that holds this network only, on its own thread, and nothing crosses; once with the machine to itself,
 * once with programs of the same kind at work on the other cores. Side by side: the same networks at the same time, as many
 * as there are cores, in threads of one program, and in processes, to which frames and crops cross. So side by side is
 * compared with alone at the same work on every core: what cores take from each other (caches, clock, hyper-threads) is in
 * both.
 */
export async function measureIsolation(options: BenchOptions = {}): Promise<Measurement> {
  const { rounds = ROUNDS, seconds = SECONDS } = options;
  const scratch = mkdtempSync(join(tmpdir(), 'facegate-bench-'));
  try {
    const { networks, faces } = await prepare(scratch);
    const names = networks.map(({ name }) => name);
    const sets = sideBySide(names, availableParallelism());
    const figures = new Figures();
    for (let round = 0; round < rounds; round += 1) {
      process.stderr.write(`isolation: round ${round + 1} of ${rounds}\n`);
      const alone = (name: string): HostTask => ({
        mode: 'alone',
        networks: networks.filter((network) => network.name === name),
        sets: [[name]],
        secondsPerSet: seconds,
      });
      figures.beginRound();
      for (const name of names) figures.note('alone', await runHosts([alone(name)]));
      for (const set of sets) figures.note('apart', await runHosts(set.map(alone)));
      for (const mode of ['thread', 'process'] as const) {
        figures.note(mode, await runHosts([{ mode, networks, sets, secondsPerSet: seconds }]));
      }
    }
    const rows: Row[] = names.flatMap((name) =>
      MODES.flatMap((mode) =>
        [50, 95].map((p) => ({
          name: `${name} ${WORDS[mode]}, p${p}`,
          values: figures.latency(name, mode, p),
          unit: 'ms',
          ...(mode === 'apart' && { as: 'limit' as const }),
        })),
      ),
    );
    for (const mode of MODES) {
      if (mode === 'apart') continue;
      rows.push({
        name: `memory ${WORDS[mode]}`,
        values: figures.memory(mode),
        unit: 'MiB',
        note: MEMORY_NOTES[mode],
      });
    }
    const delays = figures.delays('process');
    rows.push(delayRow(delays, 'in processes: '));
    const over = (name: string, mode: Mode, base: Mode) =>
      figures
        .latency(name, mode, 50)
        .map((value, round) => value / (figures.latency(name, base, 50)[round] ?? Number.NaN));
    const ratios: Ratio[] = names.flatMap((name) => [
      {
        name: `${name} in processes / alone, cores busy, p50`,
        values: over(name, 'process', 'apart'),
        wanted: { atMost: 1.1 },
      },
      { name: `${name} in threads / alone, cores busy, p50`, values: over(name, 'thread', 'apart'), wanted: null },
      { name: `${name} in processes / alone, p50`, values: over(name, 'process', 'alone'), wanted: null },
    ]);
    ratios.push(delayRatio(delays, 'in processes: '));
    return {
      part: 'isolation',
      rows,
      ratios,
      remarks: [
        `detector: one frame of ${film().split('/').at(-1)} at 1280×720, boxes and landmarks only; embedder and liveness (two networks): the crops of its ${faces} faces in one call`,
        `each network is called without a pause for ${seconds} s a set and round; at the same time run ${sets.map((set) => set.join(' + ')).join(', then ')}`,
        'one thread inside the runtime each; alone nothing crosses, to a thread or process its frame or crops do',
        'threads: for comparison; a crash in one ends the program',
      ],
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** What the rounds gave: every call's time by network and mode, and the memory of each mode. */
class Figures {
  readonly #rounds: {
    readonly latencies: Map<string, number[]>;
    readonly memoryMb: Map<Mode, number>;
    readonly delayMs: Map<Mode, number>;
  }[] = [];

  beginRound(): void {
    this.#rounds.push({ latencies: new Map(), memoryMb: new Map(), delayMs: new Map() });
  }

  note(mode: Mode, answers: readonly HostAnswer[]): void {
    const { latencies, memoryMb, delayMs } = this.#rounds.at(-1)!;
    for (const answer of answers) {
      delayMs.set(mode, Math.max(delayMs.get(mode) ?? 0, answer.loopDelayP99Ms));
      memoryMb.set(mode, (memoryMb.get(mode) ?? 0) + answer.memoryMb);
      for (const [name, values] of Object.entries(answer.latencies)) {
        const key = `${name} ${mode}`;
        latencies.set(key, (latencies.get(key) ?? []).concat(values));
      }
    }
  }

  /** One value a round, milliseconds. */
  latency(name: string, mode: Mode, p: number): number[] {
    return this.#rounds.map(({ latencies }) => percentile(latencies.get(`${name} ${mode}`) ?? [], p));
  }

  /** Of the main thread, p99, one value a round, milliseconds. */
  delays(mode: Mode): number[] {
    return this.#rounds.map(({ delayMs }) => delayMs.get(mode) ?? Number.NaN);
  }

  /** One value a round, MiB. */
  memory(mode: Mode): number[] {
    return this.#rounds.map(({ memoryMb }) => memoryMb.get(mode) ?? Number.NaN);
  }
}

/** Every choice of as many as there are cores. */
function sideBySide(names: readonly string[], cores: number): string[][] {
  const most = Math.max(1, Math.min(names.length, cores));
  return names
    .reduce<string[][]>((sets, name) => sets.concat(sets.map((set) => [...set, name])), [[]])
    .filter(({ length }) => length === most);
}

/** The three networks, and what each is given: a frame, or the crops of its faces. */
async function prepare(scratch: string): Promise<{ networks: NetworkTask[]; faces: number }> {
  const store = openModelStore({
    dir: join(scratch, 'models'),
    mirrors: modelMirrors(),
    starter: false,
    log: silentLog,
  });
  const [detector, embedder] = await Promise.all([store.resolve(AUTO.detector), store.resolve(AUTO.embedder)]);
  const scorers: ResolvedModel[] = [];
  for (const { name } of scorerEntries('minifasnet')) scorers.push(await store.resolve(name));
  const here = (model: ResolvedModel) => ({ model, providers: ['cpu'] });
  const { models, recognition } = settingsSchema.parse({});
  const pictures: FaceAnalyserConfig = {
    work: 'pictures',
    detector: here(detector),
    landmarks: null,
    embedder: { key: 'embedder', entry: embedder.entry as EmbedderEntry },
    scorers: [{ key: 'liveness', name: 'liveness', entries: scorers.map(({ entry }) => entry as ScorerEntry) }],
    settings: { ...models.detector, oodThreshold: recognition.oodThreshold },
  };
  const [frame] = await filmFrames(film(), { every: FRAME, count: 2, width: 1280, height: 720 }).then((frames) =>
    frames.slice(1),
  );
  if (!frame) throw new Error(`the film has no frame ${FRAME}`);
  const { crops } = await (await LocalFaceAnalyser.open(pictures)).analyse(frame, {});
  const sheet = (key: string) => {
    const cut = crops.find((each) => each.key === key);
    if (!cut) throw new Error(`frame ${FRAME} of the film has no face that is fit`);
    return cut;
  };
  const faces = sheet('embedder').faces.length;
  return {
    faces,
    networks: [
      { name: 'detector', config: pictures, image: frame, options: { want: 'detections' } },
      {
        name: 'embedder',
        config: { work: 'crops', embedder: { key: 'embedder', network: here(embedder) }, scorers: [] },
        image: sheet('embedder').sheet,
        options: { key: 'embedder' },
      },
      {
        name: 'liveness',
        config: { work: 'crops', embedder: null, scorers: [{ key: 'liveness', networks: scorers.map(here) }] },
        image: sheet('liveness').sheet,
        options: { key: 'liveness' },
      },
    ],
  };
}

/** Programs that load their networks one after the other and then run at the same time. */
async function runHosts(tasks: readonly HostTask[]): Promise<HostAnswer[]> {
  const hosts: Host[] = [];
  for (const task of tasks) hosts.push(await startHost(task));
  return Promise.all(hosts.map((host) => host.run()));
}

interface Host {
  /** Resolves when the program is gone: only then is the machine free for the next one. */
  run(): Promise<HostAnswer>;
}

function startHost(task: HostTask): Promise<Host> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('./isolation-host.ts', import.meta.url), { execArgv: [], serialization: 'advanced' });
    const finished = Promise.withResolvers<HostAnswer>();
    let answer: HostAnswer | null = null;
    child.on('message', (message: HostReady | HostAnswer) => {
      if (!('ready' in message)) answer = message;
      else
        resolve({
          run: () => {
            child.send('go');
            return finished.promise;
          },
        });
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (answer) return finished.resolve(answer);
      const error = new Error(`a program with networks ${task.mode} ended with ${code}`);
      reject(error);
      finished.promise.catch(() => {});
      finished.reject(error);
    });
    child.send(task);
  });
}
