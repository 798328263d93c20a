import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../config/app-error.ts';
import type { ProviderName } from '../../config/execution-providers.ts';
import type { Settings } from '../../config/settings-schema.ts';
import { chooseModels } from '../../models/choose-models.ts';
import type { FaceAnalyserConfig } from '../../models/inference/face-analyser.ts';
import type { ModelStore } from '../../models/store.ts';
import { silentLog } from '../../pipeline/silent-log.ts';
import { providersFrom, secondsFrom, sizesFrom } from '../models-bench/bench-options.ts';
import { type BenchPicture, benchPicture } from '../models-bench/bench-picture.ts';
import {
  type NetworkRow,
  type RunTimingsOptions,
  type TimedRow,
  timeModel,
  timeWork,
} from '../models-bench/run-timings.ts';
import { timedModels } from '../models-bench/timed-models.ts';
import { networkTable, pictureTable, type TimingTable } from '../models-bench/timing-tables.ts';
import { environmentFor } from './choose-tenant.ts';
import type { CommandContext } from './command-context.ts';
import { openStore } from './models/open-store.ts';
import { addSettingsOptions, readSettings, type SettingsOptions } from './settings-options.ts';
import type { Terminal } from './terminal.ts';

const SIZES = [320, 640, 1024];
const PROVIDERS: ProviderName[] = ['cpu', 'cuda', 'webgpu'];

interface BenchOptions extends SettingsOptions {
  readonly sizes?: number[];
  readonly providers?: ProviderName[];
  readonly seconds: number;
  readonly big: boolean;
  readonly picture?: string;
  readonly json?: boolean;
}

/** The whole way of one 1080p picture; `rows` null: there was nothing to do it with, and `why`. */
interface PictureReport {
  readonly detector: string | null;
  readonly embedder: string | null;
  readonly picture: string | null;
  readonly rows: readonly TimedRow[] | null;
  readonly why: string | null;
}

/** Adds `bench` to `facegate models`. */
export function addModelsBenchCommand(models: Command, context: CommandContext): void {
  addSettingsOptions(
    models
      .command('bench')
      .summary('how fast every network is here, and how much memory it takes')
      .description(
        'Times every network that is on this machine at several sizes and on several execution providers, each in a process ' +
          'of its own on one thread, then a 1080p picture from end to end. What is not there reads "not measured".',
      )
      .argument('[names...]', 'catalog names; default: every network that is here')
      .option(
        '--sizes <list>',
        'longest sides of the input of detectors, as seen of a 16:9 camera (default: 320,640,1024)',
        sizesFrom,
      )
      .option('--providers <list>', 'execution providers (default: cpu,cuda,webgpu)', providersFrom)
      .option('--seconds <number>', 'how long each measurement goes on', secondsFrom, 2)
      .option('--no-big', 'leave out large networks that are not here (their true architecture, random weights)')
      .option('--picture <file>', 'the picture for the whole way; default: one of the demo')
      .option('--json', 'print the figures as JSON'),
  ).action((names: string[], options: BenchOptions) => bench(names, options, context));
}

async function bench(names: string[], options: BenchOptions, context: CommandContext): Promise<void> {
  const { terminal, env } = context;
  const read = readSettings(options, context);
  const { store } = openStore(options, context, { offline: true, log: silentLog });
  const models = timedModels(await store.list(), names, options.big);
  const picture = names.length === 0 ? await benchPicture(options.picture) : null;
  const stop = new AbortController();
  const cancel = () => stop.abort();
  process.once('SIGINT', cancel).once('SIGTERM', cancel);
  const folder = await mkdtemp(join(tmpdir(), 'facegate-bench-'));
  const { providers = PROVIDERS, sizes = SIZES, seconds } = options;
  const run: RunTimingsOptions = {
    providers,
    seconds,
    environment: await environmentFor(read, env),
    signal: stop.signal,
  };
  try {
    const rows: NetworkRow[] = [];
    for (const [at, model] of models.entries()) {
      const onStart = (what: string) => terminal.status(`${at + 1} of ${models.length}: ${what}`);
      rows.push(...(await timeModel(model, { ...run, sizes, folder, onStart })));
    }
    // Networks that were asked for by name are not the ones that work together.
    const whole = names.length === 0 ? await timePicture(store, read.settings, picture, run, terminal) : null;
    if (options.json)
      terminal.print(JSON.stringify({ machine: machine(), seconds, networks: rows, picture: whole }, null, 2));
    else print(terminal, rows, whole);
  } finally {
    process.off('SIGINT', cancel).off('SIGTERM', cancel);
    await rm(folder, { recursive: true, force: true });
  }
}

async function timePicture(
  store: ModelStore,
  { models, recognition }: Settings,
  picture: BenchPicture | null,
  run: RunTimingsOptions,
  terminal: Terminal,
): Promise<PictureReport> {
  const nothing = { detector: null, embedder: null, picture: picture?.origin ?? null, rows: null };
  if (!picture) return { ...nothing, why: 'there is no picture with faces here: name one with --picture' };
  try {
    const chosen = await chooseModels({
      detector: models.detector.model,
      embedder: models.embedder.model,
      store,
      starter: false,
      log: silentLog,
    });
    const rows: TimedRow[] = [];
    for (const provider of run.providers) {
      terminal.status(`a 1080p picture, ${provider}`);
      const placed = { providers: [provider] };
      const config: FaceAnalyserConfig = {
        work: 'pictures',
        detector: { ...placed, model: chosen.detector },
        landmarks: chosen.landmarks ? { ...placed, model: chosen.landmarks } : null,
        embedder: { ...placed, model: chosen.embedder, flip: models.embedder.flip },
        scorers: [],
        settings: { ...models.detector, oodThreshold: recognition.oodThreshold },
      };
      rows.push(await timeWork({ kind: 'picture', config, picture: picture.picture }, provider, run));
    }
    return {
      detector: chosen.detector.entry.name,
      embedder: chosen.embedder.entry.name,
      picture: picture.origin,
      rows,
      why: null,
    };
  } catch (error) {
    const { code, message } = AppError.from(error, 'INFERENCE_FAILED');
    if (code !== 'MODEL_NOT_FOUND') throw error;
    return { ...nothing, why: message };
  }
}

function print(terminal: Terminal, rows: readonly NetworkRow[], whole: PictureReport | null): void {
  const { cpu, cores, memoryGiB, node } = machine();
  terminal.print(`${cores} × ${cpu}, ${memoryGiB} GiB, Node ${node}; one thread, one input at a time\n`);
  if (rows.length > 0) printTable(terminal, networkTable(rows));
  else terminal.print('no network is here: facegate models pull');
  if (!whole) return;
  terminal.print('');
  if (whole.rows === null) {
    terminal.print(`A 1920×1080 picture from end to end: not measured: ${whole.why}`);
    return;
  }
  terminal.print(
    `A 1920×1080 picture from end to end: ${whole.detector}, ${whole.embedder} for each face (${whole.picture})\n`,
  );
  printTable(terminal, pictureTable(whole.rows));
}

function printTable(terminal: Terminal, { rows, notes }: TimingTable): void {
  terminal.table(rows);
  for (const [at, note] of notes.entries()) terminal.print(`(${at + 1}) ${note}`);
}

function machine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
  };
}
