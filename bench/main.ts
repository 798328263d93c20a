// npm run bench -- PART…: measures in one run, prints tables for people, and with --json FILE numbers for machines.
import { mkdirSync, writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import type { BenchOptions } from './options.ts';
import { type Measurement, machine, render } from './report.ts';

interface Part {
  readonly about: string;
  /** Options that it heeds. */
  readonly takes?: readonly (keyof BenchOptions)[];
  readonly run: (options: BenchOptions) => Promise<Measurement>;
}

const PARTS: Record<string, Part> = {
  pipeline: {
    about: 'the whole pipeline on a film, beside a bare loop over the same networks and beside a Python script',
    run: async () => (await import('./pipeline.ts')).measurePipeline(),
  },
  rtsp: {
    about: 'a minute of a real RTSP camera at 5 frames a second, and what happens when its film ends',
    run: async () => (await import('./rtsp-minute.ts')).measureRtspMinute(),
  },
  'event-loop': {
    about: 'how late the main thread is while two cameras are analysed at full load',
    run: async () => (await import('./event-loop.ts')).measureEventLoop(),
  },
  cameras: {
    about: 'how many paced 1080p25 cameras are sustained, beside what decoding and networks alone would allow',
    takes: ['seconds', 'fps', 'scene', 'svg'],
    run: async (options) => (await import('./cameras.ts')).measureCameras(options),
  },
  latency: {
    about:
      'how old a picture is when it reaches a live client, by a number drawn into it: one camera, and 80 % of those sustained',
    takes: ['seconds', 'fps', 'cameras', 'svg'],
    run: async (options) => (await import('./latency.ts')).measureLatency(options),
  },
  viewers: {
    about: 'a thousand live clients, and a hundred with pictures: whether each gets every frame, and what they cost',
    takes: ['seconds', 'fps', 'cameras', 'clients', 'pictureClients', 'watch'],
    run: async (options) => (await import('./viewers.ts')).measureViewers(options),
  },
  growth: {
    about: 'cost against faces in the picture and against cameras, with the slope beside the networks’ own',
    takes: ['seconds', 'fps', 'svg'],
    run: async (options) => (await import('./growth.ts')).measureGrowth(options),
  },
  isolation: {
    about: 'what it costs a network to live beside others: alone, in threads, in processes; latency and memory',
    run: async () => (await import('./isolation.ts')).measureIsolation(),
  },
  search: {
    about: 'search of galleries of several sizes, beside one pass over their bytes and beside NumPy',
    run: async () => (await import('./search.ts')).measureSearch(),
  },
  'stalled-viewer': {
    about: 'what a live viewer that stops reading costs the server and the others',
    run: async () => (await import('./stalled-viewer.ts')).measureStalledViewer(),
  },
};

const atLeastOne = (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number from 1.');
  return value;
};
const namesOf = (text: string) => text.split(',').map((name) => name.trim());
const oneOrAll = (text: string) => {
  if (text !== 'one' && text !== 'all') throw new InvalidArgumentError('expected one or all.');
  return text;
};
const folder = (path: string) => {
  mkdirSync(path, { recursive: true });
  return path;
};

const command = new Command('bench')
  .argument('<parts...>', Object.keys(PARTS).join(', '))
  .option('--json <file>', 'write the figures to a file')
  .option('--svg <folder>', 'write plots to a folder', folder)
  .option('--seconds <n>', 'of each measurement that counts', atLeastOne)
  .option('--rounds <n>', 'how often each is measured', atLeastOne)
  .option('--cameras <n>', 'cameras; for latency, as many as this machine is known to sustain', atLeastOne)
  .option('--fps <n>', 'frames a second of each camera that are analysed', atLeastOne)
  .option('--scene <names>', 'of empty,walk', namesOf)
  .option('--clients <n>', 'live clients without pictures', atLeastOne)
  .option('--picture-clients <n>', 'live clients with pictures', atLeastOne)
  .option('--watch <what>', 'what each client watches: one camera, or all', oneOrAll)
  .addHelpText(
    'after',
    `\nParts:\n${Object.entries(PARTS)
      .map(([name, { about, takes = [] }]) => {
        const options = takes.map((option) => `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
        return `  ${name.padEnd(16)}${about}${options.length > 0 ? ` (${options.join(', ')})` : ''}`;
      })
      .join('\n')}`,
  )
  .action(async (names: string[], { json, ...options }: BenchOptions & { json?: string }) => {
    const unknown = names.filter((name) => !(name in PARTS));
    if (unknown.length > 0)
      command.error(`unknown part ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}`);
    const parts = names.map((name) => PARTS[name]!);
    for (const option of Object.keys(options) as (keyof BenchOptions)[]) {
      if (!parts.some(({ takes = [] }) => takes.includes(option)))
        command.error(`${names.join(', ')} does not take ${option}; --help says what each part takes`);
    }
    const measured: Measurement[] = [];
    process.stdout.write(`${machine()}\n`);
    for (const part of parts) {
      const measurement = await part.run(options);
      measured.push(measurement);
      process.stdout.write(`\n${render(measurement)}\n`);
    }
    if (json) writeFileSync(json, `${JSON.stringify({ machine: machine(), measured }, null, 2)}\n`);
  });
await command.parseAsync();
