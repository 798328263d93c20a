// npm run bench -- PART…: measures in one run, prints tables for people, and with --json FILE numbers for machines.
import { Command, InvalidArgumentError } from 'commander';
import { AppError } from '../config/app-error.ts';
import type { BenchOptions } from './options.ts';
import { FIGURES, PARTS, takesProvider } from './parts.ts';
import { runAll } from './run-all.ts';
import { runParts } from './run-parts.ts';
import { writeReport } from './write-report.ts';

/** A provider is a name until it has proved itself. */
type GivenOptions = Omit<BenchOptions, 'provider'> & { readonly provider?: string };

interface AllOptions {
  readonly out: string;
  readonly quick?: boolean;
  readonly only?: readonly string[];
  readonly provider?: string;
}

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

const program = new Command('bench');

const run = program
  .command('run', { isDefault: true, hidden: true })
  .argument('<parts...>', Object.keys(PARTS).join(', '))
  .option('--json <file>', 'write the figures to a file')
  .option('--svg <folder>', 'write plots to a folder')
  .option('--quick', 'short, and yet of several rounds')
  .option('--rounds <n>', 'how often each is measured', atLeastOne)
  .option('--seconds <n>', 'of each measurement that counts', atLeastOne)
  .option('--trial-seconds <n>', 'of each trial while the most cameras are sought', atLeastOne)
  .option('--frames <n>', 'of the film, a run', atLeastOne)
  .option('--cameras <n>', 'cameras; for latency, as many as this machine is known to sustain', atLeastOne)
  .option('--fps <n>', 'frames a second of each camera that are analysed', atLeastOne)
  .option('--scene <names>', 'of empty,walk', namesOf)
  .option('--clients <n>', 'live clients without pictures', atLeastOne)
  .option('--picture-clients <n>', 'live clients with pictures', atLeastOne)
  .option('--tenants <n>', 'tenants with a camera each', atLeastOne)
  .option('--provider <name>', 'execution provider of the networks, which must prove itself: cpu, cuda, …; or auto')
  .option('--watch <what>', 'what each client watches: one camera, or all', oneOrAll)
  .action(async (names: string[], given: GivenOptions & { json?: string; svg?: string; quick?: true }) => {
    const { json, svg, quick, ...options } = given;
    const unknown = names.filter((name) => !(name in PARTS));
    if (unknown.length > 0)
      run.error(`unknown part ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}, and all, report`);
    const parts = names.map((name) => PARTS[name]!);
    for (const option of Object.keys(options) as (keyof BenchOptions)[]) {
      if (!parts.some(({ takes = [] }) => takes.includes(option)))
        run.error(`${names.join(', ')} does not take ${dashed(option)}; --help says what each part takes`);
    }
    const { provider, ...others } = options;
    if (provider !== undefined) refuseOnCpuAlone(run, names);
    const { measuredOn, proveProvider } = await import('./on-provider.ts');
    const proven = parts.some(takesProvider) ? await proveProvider(provider).catch(orSay) : null;
    const asked = parts.map((part) => ({
      run: async () => {
        const on = takesProvider(part) ? proven : null;
        const told = { ...(quick && part.quick), ...others, ...(on && { provider: on.provider }) };
        return measuredOn(await part.run(told), on);
      },
    }));
    await runParts(asked, { ...(json && { json }), ...(svg && { svg }) });
  });

program
  .command('all')
  .description(`${FIGURES.join(', ')}, one after the other; each writes DIR/PART.json`)
  .requiredOption('--out <dir>', 'folder for figures and plots')
  .option('--quick', 'short, and yet of several rounds: about 30 minutes on two cores')
  .option('--only <parts>', 'of them', namesOf)
  .option('--provider <name>', 'execution provider of the networks; only the parts that take it')
  .action(async ({ out, quick = false, only, provider }: AllOptions) => {
    const unknown = (only ?? []).filter((name) => !(name in PARTS));
    if (unknown.length > 0) program.error(`unknown part ${unknown.join(', ')}`);
    if (provider !== undefined) refuseOnCpuAlone(program, only ?? []);
    const failed = await runAll({ dir: out, quick, ...(only && { parts: only }), ...(provider && { provider }) });
    if (failed.length > 0) program.error(`${failed.join(', ')} failed; the others are in ${out}`);
  });

program
  .command('report')
  .description('takes figures into docs/figures and brings the tables of docs/performance.md up to date')
  .argument('<files...>', 'files that --json wrote, or folders of them')
  .option('--even-if-busy', 'also figures that were measured while the machine was busy')
  .action((files: string[], { evenIfBusy = false }: { evenIfBusy?: boolean }) => {
    for (const line of writeReport(files, { evenIfBusy })) process.stdout.write(`${line}\n`);
  });

program.usage('PART… [options] | all --out DIR [--quick] [--provider NAME] | report FILE…').addHelpText(
  'after',
  `\nParts:\n${Object.entries(PARTS)
    .map(([name, { about, takes = [], quick }]) => {
      const options = [...takes.map(dashed), ...(quick ? [`--quick: ${quickly(quick)}`] : [])];
      return `  ${name.padEnd(16)}${about}${options.length > 0 ? ` (${options.join(', ')})` : ''}`;
    })
    .join('\n')}\n\n${run.helpInformation()}`,
);
await program.parseAsync();

/** Beside a part that runs on the provider, one that cannot would be taken to do so as well. */
function refuseOnCpuAlone(command: Command, names: readonly string[]): void {
  const unable = names.filter((name) => !takesProvider(PARTS[name]!));
  if (unable.length > 0)
    command.error(`${unable.join(', ')} does not take --provider; --help says what each part takes`);
}

/** A provider that is not there is told in one sentence, with what to install. */
function orSay(error: unknown): never {
  if (error instanceof AppError) run.error(`${error.code}: ${error.message}`);
  throw error;
}

function dashed(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function quickly(options: BenchOptions): string {
  return Object.entries(options)
    .map(([option, value]) => `${value} ${option.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`)
    .join(', ');
}
