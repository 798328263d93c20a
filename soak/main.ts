// npm run soak -- sources | feeds | tenants: runs what is real beside what misbehaves, for long, and says of each number that is wanted what
// was got. Tables for people on stdout, with --json an object for machines; progress on stderr. Exit code 1 where one is missed.
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { machine } from '../bench/machine.ts';
import type { LONG_TESTS } from './long-tests.ts';
import type { PartOptions, PartReport } from './part.ts';
import { Progress } from './progress.ts';
import type { Failure } from './tenants.ts';
import { exitCodeOf, renderVerdicts } from './verdict.ts';

interface Part {
  readonly about: string;
  /** Left out of a short run: `npm test` has its short form. */
  readonly longOnly?: true;
  run(options: PartOptions): Promise<PartReport>;
}

type Parts = Readonly<Record<string, Part>>;

const longTest = async (name: keyof typeof LONG_TESTS, options: PartOptions) =>
  (await import('./long-tests.ts')).soakLongTest(name, options);

const SOURCES: Parts = {
  neighbours: {
    about: 'eight cameras, one of them hostile in turn; threads and priority of each ffmpeg',
    run: async (options) => (await import('./neighbours.ts')).soakNeighbours(options),
  },
  memory: {
    about: 'four cameras that reconnect every 20 s: memory, file descriptors, children',
    run: async (options) => (await import('./memory.ts')).soakMemory(options),
  },
  power: {
    about: 'a real RTSP server is killed 30 times',
    longOnly: true,
    run: (options) => longTest('power', options),
  },
  killed: { about: 'the server is killed 100 times', longOnly: true, run: (options) => longTest('killed', options) },
  frozen: {
    about: 'ten minutes of night scenes and of moving video',
    longOnly: true,
    run: (options) => longTest('frozen', options),
  },
};

const FEEDS: Parts = {
  broker: {
    about: 'an MQTT broker (mosquitto) is killed 20 times during 30,000 events',
    longOnly: true,
    run: (options) => longTest('broker', options),
  },
  log: {
    about: 'a process that appends events is killed 1,000 times at random moments',
    longOnly: true,
    run: (options) => longTest('log', options),
  },
  resume: {
    about: 'a WebSocket consumer breaks off 500 times and resumes by number',
    longOnly: true,
    run: (options) => longTest('resume', options),
  },
};

const failing = (failure: Failure) => async (options: PartOptions) =>
  (await import('./tenants.ts')).soakTenants(failure, options);

const TENANTS: Parts = {
  kill: { about: 'one of three tenants gets SIGKILL', run: failing('kill') },
  stop: { about: 'one gets SIGSTOP', run: failing('stop') },
  memory: { about: 'one takes more memory than it may', run: failing('memory') },
  abort: { about: 'one calls process.abort()', run: failing('abort') },
};

const INTERRUPTED = 130;

interface Options {
  readonly short?: true;
  readonly minutes?: number;
  readonly rounds?: number;
  readonly only?: string[];
  readonly json?: string | true;
}

const program = new Command('soak').description('Runs facegate for long, beside what goes wrong.');
addCommand('sources', 'cameras that misbehave', SOURCES);
addCommand('feeds', 'those who take events, misbehaving', FEEDS);
addCommand('tenants', 'one of three tenants fails again and again', TENANTS);
await program.parseAsync();

function addCommand(name: string, about: string, parts: Parts): void {
  const command = program
    .command(name)
    .description(about)
    .option('--short', 'as for CI: a quarter of an hour, without the parts whose short form is in `npm test`')
    .option('--only <parts>', Object.keys(parts).join(', '), (text) => partsFrom(text, parts))
    .option('--json [file]', 'one JSON object: into the file, or on stdout instead of the tables')
    .addHelpText(
      'after',
      `\nParts:\n${Object.entries(parts)
        .map(([part, { about, longOnly }]) => `  ${part.padEnd(12)}${about}${longOnly ? ' (not with --short)' : ''}`)
        .join('\n')}`,
    )
    .action((options: Options) => soak(parts, options));
  if (parts === SOURCES) {
    command.option('--minutes <n>', 'how long memory is watched; default 60, with --short 10', minutesFrom);
  }
  if (parts === TENANTS) command.option('--rounds <n>', 'how often it fails; default 20, with --short 3', roundsFrom);
}

async function soak(parts: Parts, options: Options): Promise<void> {
  if (process.platform !== 'linux') program.error('error: the soak reads /proc, which only Linux has');
  const short = options.short === true;
  const names =
    options.only ?? Object.keys(parts).filter((name) => !short || (parts[name] as Part).longOnly === undefined);
  const minutes = options.minutes ?? (short ? 10 : 60);
  const progress = new Progress();
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      progress.clear();
      process.stderr.write('ending what was started\n');
      abort.abort();
    });
  }
  // Whoever read it has gone: everything that was started goes, too.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => abort.abort());
  const print = (text: string) => {
    progress.clear();
    if (options.json !== true) process.stdout.write(text);
  };

  print(`${machine()}\n`);
  const startedAt = new Date().toISOString();
  const reports: PartReport[] = [];
  for (const name of names) {
    try {
      const report = await (parts[name] as Part).run({
        short,
        minutes,
        rounds: options.rounds ?? null,
        progress,
        signal: abort.signal,
      });
      reports.push(report);
      print(`\n${name}\n${renderVerdicts(report.verdicts)}\n`);
    } catch (error) {
      if (!abort.signal.aborted) throw error;
      process.exitCode = INTERRUPTED;
      return;
    }
  }
  const verdicts = reports.flatMap((report) => report.verdicts);
  const json = `${JSON.stringify({ machine: machine(), startedAt, short, minutes, reports }, null, 2)}\n`;
  if (options.json === true) process.stdout.write(json);
  else if (options.json) writeFileSync(options.json, json);
  process.exitCode = exitCodeOf(verdicts);
}

function minutesFrom(text: string): number {
  const minutes = Number(text);
  if (!(minutes >= 0.5 && minutes <= 1440)) throw new InvalidArgumentError('it must be between 0.5 and 1440.');
  return minutes;
}

function roundsFrom(text: string): number {
  const rounds = Number(text);
  if (!(Number.isInteger(rounds) && rounds >= 1 && rounds <= 1000)) {
    throw new InvalidArgumentError('it must be between 1 and 1000.');
  }
  return rounds;
}

function partsFrom(text: string, parts: Parts): string[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !Object.hasOwn(parts, name));
  if (unknown.length > 0) {
    throw new InvalidArgumentError(`${unknown.join(', ')} is none of ${Object.keys(parts).join(', ')}.`);
  }
  return names;
}
