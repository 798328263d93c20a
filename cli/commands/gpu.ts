import { resolve } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../config/app-error.ts';
import { runtimeFolder } from '../../models/runtime/runtime-folder.ts';
import { askInventory, type GpuInventory } from '../../tenants/gpu/gpu-inventory.ts';
import { planDevices } from '../../tenants/gpu/plan-devices.ts';
import { reportPlan } from '../../tenants/gpu/report-plan.ts';
import { savedAnswers } from '../../tenants/gpu/saved-answers.ts';
import { gpuTenants } from '../gpu/gpu-tenants.ts';
import { installLibraries } from '../gpu/install-libraries.ts';
import { listGpus } from '../gpu/list-gpus.ts';
import { runtimePackage } from '../gpu/runtime-package.ts';
import type { CommandContext } from './command-context.ts';

interface InstallOptions {
  from?: string;
  sha512?: string;
  index?: string;
  force?: true;
}

interface ListOptions {
  config?: string;
  from?: string;
  json?: true;
}

const FROM =
  'answers of nvidia-smi that were saved on another machine: query.xml (-q -x), list.txt (-L), mig-lgip.txt, mig-lgipp.txt, mig-lgi.txt, mig-lci.txt (mig -lgip …)';

export function addGpuCommand(program: Command, context: CommandContext): void {
  const gpu = program
    .command('gpu')
    .summary('GPUs and their MIG slices: what there is, which tenant gets which, what they need')
    .description(
      "See NVIDIA GPUs and their MIG slices, plan which tenant gets which, and fetch the runtime's libraries for them. Nothing here changes a GPU.",
    );
  gpu
    .command('list')
    .summary('show GPUs, MIG slices and whose they are')
    .description(
      'Shows GPUs, MIG mode, slices with profile, UUID and memory, and with --config the tenant of each. Ends with 1 where something is off, and says what to type.',
    )
    .option('-c, --config <file>', 'configuration file with the tenants')
    .option('--from <folder>', FROM)
    .option('--json', 'print it as JSON')
    .action((options: ListOptions) => list(options, context));
  gpu
    .command('plan')
    .summary('which tenant gets which slice, whether its models fit, and what to type to make it')
    .description(
      'Says which tenant gets which GPU or slice, what memory its models need, whether they and their batches fit, and prints the nvidia-smi commands that make the slices that are missing. Runs none of them. Ends with 1 where it cannot be done.',
    )
    .requiredOption('-c, --config <file>', 'configuration file with the tenants')
    .option('--from <folder>', FROM)
    .option('--json', 'print it as JSON')
    .action((options: ListOptions) => plan(options, context));
  gpu
    .command('install')
    .summary("put the runtime's CUDA libraries in their place")
    .description(
      "Fetches the NuGet package with the CUDA and TensorRT libraries of the very runtime that is installed (Linux x64, some hundred MB), compares its SHA-512 with NuGet's catalog, and puts the libraries beside the runtime. The driver, CUDA 12 and cuDNN 9 come from NVIDIA; facegate doctor says whether all is there.",
    )
    .option('--from <file>', 'a package that was fetched elsewhere; nothing is asked of the network')
    .option('--sha512 <hash>', "what its SHA-512 must be (default: what NuGet's catalog says)")
    .option('--index <url>', 'service index of another NuGet server (a mirror)', webAddress)
    .option('--force', 'also where they are there already')
    .action((options: InstallOptions) => install(options, context));
}

async function list({ config, from, json }: ListOptions, context: CommandContext): Promise<void> {
  const tenants = config === undefined ? [] : gpuTenants(config, context);
  const found = listGpus(await inventoryOf(from), tenants);
  print(json ? [JSON.stringify(found.json, null, 2)] : found.lines, context);
  process.exitCode = found.isWhole ? 0 : 1;
}

async function plan({ config, from, json }: ListOptions, context: CommandContext): Promise<void> {
  const found = planDevices(gpuTenants(config as string, context), await inventoryOf(from));
  print(json ? [JSON.stringify(found, null, 2)] : reportPlan(found), context);
  process.exitCode = found.isPossible ? 0 : 1;
}

function inventoryOf(from: string | undefined): Promise<GpuInventory> {
  return from === undefined ? askInventory() : askInventory(savedAnswers(resolve(from)));
}

function print(lines: readonly string[], { terminal }: CommandContext): void {
  for (const line of lines) terminal.print(line);
}

function webAddress(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new AppError('USAGE', `--index must be an http or https URL, got ${JSON.stringify(text)}`);
}

async function install({ from, sha512, index, force }: InstallOptions, { terminal }: CommandContext): Promise<void> {
  const known = runtimePackage(`${process.platform}/${process.arch}`);
  const wanted = index === undefined ? known : { ...known, index };
  const {
    already,
    sha512: got,
    files,
  } = await installLibraries({
    wanted,
    folder: runtimeFolder(),
    ...(from !== undefined && { from: resolve(from) }),
    ...(sha512 !== undefined && { sha512 }),
    ...(force && { force }),
    onProgress: (done, total) => terminal.progress(`fetching ${wanted.id} ${wanted.version}`, done, total),
  });
  for (const file of files) terminal.print(file);
  terminal.note(
    already
      ? `the CUDA libraries of ${wanted.version} are there already (--force puts them there anew)`
      : `the CUDA libraries of ${wanted.version} are in place; the package's SHA-512: ${got}`,
  );
  terminal.note('They also need an NVIDIA driver, CUDA 12 and cuDNN 9 (docs/deploy.md). Now: facegate doctor');
}
