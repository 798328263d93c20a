import { resolve } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../config/app-error.ts';
import { runtimeFolder } from '../../models/runtime/runtime-folder.ts';
import { installLibraries } from '../gpu/install-libraries.ts';
import { runtimePackage } from '../gpu/runtime-package.ts';
import type { CommandContext } from './command-context.ts';

interface InstallOptions {
  from?: string;
  sha512?: string;
  index?: string;
  force?: true;
}

export function addGpuCommand(program: Command, context: CommandContext): void {
  const gpu = program
    .command('gpu')
    .summary('fetch what NVIDIA GPUs need')
    .description("Fetch the runtime's libraries for NVIDIA GPUs; npm does not bring them.");
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
