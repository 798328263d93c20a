// npm run eval -- PART FOLDER…: how right the product's networks are, measured end to end. Tables for people on stdout, or
// with --json one object for machines; progress goes to stderr. What the figures mean stands in docs/accuracy.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { machine } from '../bench/machine.ts';
import { evaluateCalibration, withPlainSignal } from './calibrate.ts';
import { evaluateDetect } from './detect.ts';
import { evaluateLfw, type LfwReport } from './lfw.ts';
import { type NetworkChoice, type OpenedNetworks, openNetworks } from './open-networks.ts';
import { evaluateOpenSet } from './open-set.ts';
import { evaluatePresets } from './presets.ts';
import { evaluateQuality } from './quality.ts';
import { observeRanges } from './ranges.ts';
import { rocPicture } from './roc-picture.ts';
import { calibrationTable, detectTable, lfwTable, openSetTable, presetTable, qualityTable } from './tables.ts';

interface Options {
  readonly json?: true;
  readonly starter?: true;
  readonly research?: true;
  readonly roc?: string;
  readonly confidence?: number;
  readonly detector?: string;
  readonly flip?: true;
  readonly int8?: 'detector' | 'embedder' | 'both';
}

const program = new Command('eval').description('Measures how right the networks are.');

part('lfw', 'recognition: pairs of LFW, accuracy and TAR at FAR 1e-3')
  .argument('<folder>', 'with pairsDevTest.txt and images/')
  .option('--research', 'the 512-d embedder that may not be used commercially')
  .option('--confidence <share>', 'how sure the detector must be, instead of its setting', Number)
  .option('--flip', 'embed the mirror image of each face as well')
  .option('--roc <file>', 'write the ROC as SVG')
  .action(async (folder: string, options: Options) => {
    const report = await evaluate(options, (networks) => evaluateLfw(folder, networks, options.confidence));
    if (options.roc) writeFileSync(options.roc, rocPicture([curveOf(report)]));
    print(report, lfwTable, options);
  });

part('open-set', '200 people enrolled with one picture each, all others searched, a threshold from other people')
  .argument('<folder>', 'as for lfw')
  .option('--research', 'the 512-d embedder that may not be used commercially')
  .action(async (folder: string, options: Options) => {
    print(await evaluate(options, (networks) => evaluateOpenSet(folder, networks)), openSetTable, options);
  });

part('calibrate', "an embedder's threshold, margin, similarity and quality map, from one half of the people")
  .argument('<folder>', 'as for lfw')
  .option('--research', 'the 512-d embedder that may not be used commercially')
  .action(async (folder: string, options: Options) => {
    const measure = (networks: OpenedNetworks) => evaluateCalibration(folder, networks);
    print(await evaluate(options, measure, { entry: withPlainSignal }), calibrationTable, options);
  });

program
  .command('presets')
  .description("what a preset's confidence is on the scale of each detector that is here")
  .argument('<folder>', 'as for detect')
  .option('--json', 'print one JSON object instead of a table')
  .action(async (folder: string, options: Options) => {
    print({ detectors: await evaluatePresets(folder) }, ({ detectors }) => presetTable(detectors), options);
  });

part('detect', 'detection: faces a frame of films; none in those whose name says no-face')
  .argument('<folder>', 'with films (.mp4)')
  .action(async (folder: string, options: Options) => {
    print(await evaluate(options, (networks) => evaluateDetect(folder, networks)), detectTable, options);
  });

part('quality', 'fit to be recognised: clean and spoilt faces, and what is no face')
  .argument('<lfw>', 'as for lfw')
  .argument('<films>', 'as for detect')
  .action(async (lfw: string, films: string, options: Options) => {
    print(await evaluate(options, (networks) => evaluateQuality(lfw, films, networks)), qualityTable, options);
  });

program
  .command('ranges')
  .description('what the values of the usual networks hold, for 8-bit arithmetic: models/int8-ranges.json')
  .argument('<lfw>', 'as for lfw')
  .argument('<film>', 'a film that nothing is reported on')
  .requiredOption('--out <file>', 'JSON')
  .action(async (lfw: string, film: string, { out }: { out: string }) => {
    await using networks = await openNetworks({ set: 'usual' });
    writeFileSync(out, `${JSON.stringify(await observeRanges(lfw, film, networks), null, 1)}\n`);
  });

program
  .command('roc')
  .description('the ROC of several runs in one picture')
  .argument('<reports...>', 'what `lfw --json` printed')
  .requiredOption('--out <file>', 'SVG')
  .action((files: string[], { out }: { out: string }) => {
    const reports = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as LfwReport);
    writeFileSync(out, rocPicture(reports.map(curveOf)));
  });

await program.parseAsync();

function part(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--json', 'print one JSON object instead of a table')
    .option('--starter', 'the starter set instead of the usual networks')
    .option('--detector <name>', 'another detector of the catalog')
    .addOption(new Option('--int8 <which>', 'in 8-bit arithmetic').choices(['detector', 'embedder', 'both']));
}

async function evaluate<T>(
  { starter, research, detector, flip, int8 }: Options,
  measure: (networks: OpenedNetworks) => Promise<T>,
  choice: Pick<NetworkChoice, 'entry'> = {},
): Promise<T> {
  if (starter && research) program.error('--starter and --research exclude each other');
  const set = starter ? 'starter' : research ? 'research' : 'usual';
  await using networks = await openNetworks({ ...choice, set, detector, flip, int8 });
  return await measure(networks);
}

function print<T>(report: T, table: (report: T) => string, { json }: Options): void {
  process.stdout.write(
    json ? `${JSON.stringify({ ...report, machine: machine() }, null, 2)}\n` : `${machine()}\n\n${table(report)}\n`,
  );
}

function curveOf({ embedder, tarAtFar1e3, roc }: LfwReport) {
  return { name: `${embedder} (${(tarAtFar1e3 * 100).toFixed(1)} %)`, points: roc };
}
