import { existsSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../config/app-error.ts';
import { deviceEnvironment } from '../../config/device-environment.ts';
import { redact } from '../../config/redact.ts';
import type { Settings } from '../../config/settings-schema.ts';
import { CATALOG } from '../../models/catalog.ts';
import { detectorPlace } from '../../models/detector-place.ts';
import { askNvidiaSmi } from '../../models/devices/nvidia-smi.ts';
import { type RunTool, runTool } from '../../models/devices/run-tool.ts';
import { autoProvider } from '../../models/runtime/auto-provider.ts';
import { providerName, providersFor } from '../../models/runtime/providers.ts';
import { openModelStore } from '../../models/store.ts';
import { silentLog } from '../../pipeline/silent-log.ts';
import { findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import { howToInstallFfmpeg } from '../../sources/ffmpeg/install-ffmpeg.ts';
import { probeCamera } from '../../sources/probe-camera.ts';
import { checkCamera } from './check-camera.ts';
import { checkClock } from './check-clock.ts';
import { checkContainers } from './check-containers.ts';
import { checkDataFolder } from './check-data-folder.ts';
import { checkDisk } from './check-disk.ts';
import { checkDriver } from './check-driver.ts';
import { checkFfmpeg } from './check-ffmpeg.ts';
import { checkMemory } from './check-memory.ts';
import { checkMig } from './check-mig.ts';
import { checkModel, type NeededModel } from './check-model.ts';
import { checkNode } from './check-node.ts';
import { checkPort } from './check-port.ts';
import { checkProvider } from './check-provider.ts';
import type { Finding } from './finding.ts';
import { freeDisk, lookAtDataFolder } from './look-at-data-folder.ts';
import { lookAtPort } from './look-at-port.ts';
import { neededModels } from './needed-models.ts';
import { runSelfTest } from './run-self-test.ts';
import { tryProviders } from './try-providers.ts';

export interface ExamineOptions {
  readonly settings: Settings;
  readonly baseDir: string;
  readonly dataDir: string;
  /** Where weights are kept. Default: `models` in the data folder. */
  readonly modelsDir?: string;
  readonly mirrors: readonly string[];
  readonly modelsFolder?: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default: the programs of this machine. */
  readonly run?: RunTool;
  /** How long one camera may take. Default 5 s. */
  readonly cameraTimeoutMs?: number;
}

/** Of the server itself, beside its networks, MiB. */
const SERVER_MB = 200;

/** Looks at the machine and at what the settings need of it. Changes nothing, fetches nothing, throws nothing. */
export async function examine(options: ExamineOptions): Promise<Finding[]> {
  const { settings, dataDir, env } = options;
  const [machine, sources, networks, providers] = await Promise.all([
    lookAtMachine(options),
    lookAtSources(options).catch(notLookedAt('cameras')),
    lookAtNetworks(options).catch(notLookedAt('models')),
    lookAtProviders(options),
  ]);
  const { nvidia, system, folder, disk, port } = machine;
  return [
    checkNode(process.versions.node),
    ...sources,
    ...checkDriver(nvidia, wantsNvidia(settings.models)),
    ...checkMig(nvidia, slicesOf(settings.models, env)),
    ...providers,
    ...checkContainers({ ...system, gpu: nvidia.state === 'found' }),
    ...networks,
    checkDisk(disk, dataDir),
    checkDataFolder(folder),
    checkClock(Date.now(), builtMs(), system.timedatectl),
    port,
  ];
}

/** What a gateway needs of the machine for itself: no network runs in it, and no camera. */
export async function examineGateway(options: ExamineOptions): Promise<Finding[]> {
  const { nvidia, system, folder, disk, port } = await lookAtMachine(options);
  return [
    checkNode(process.versions.node),
    ...checkDriver(nvidia, false),
    ...checkContainers({ ...system, gpu: nvidia.state === 'found' }),
    checkDisk(disk, options.dataDir),
    checkDataFolder(folder),
    checkClock(Date.now(), builtMs(), system.timedatectl),
    port,
  ];
}

/** What one tenant needs beside what its gateway does. */
export async function examineTenant(options: ExamineOptions): Promise<Finding[]> {
  const [sources, networks, providers, folder] = await Promise.all([
    lookAtSources(options).catch(notLookedAt('cameras')),
    lookAtNetworks(options).catch(notLookedAt('models')),
    lookAtProviders(options),
    lookAtDataFolder(options.dataDir),
  ]);
  return [...sources, ...providers, ...networks, checkDataFolder(folder)];
}

async function lookAtMachine({ settings, dataDir, run = runTool }: ExamineOptions) {
  const { host, port } = settings.server;
  const [nvidia, system, folder, disk, portState] = await Promise.all([
    askNvidiaSmi(run),
    askSystem(run),
    lookAtDataFolder(dataDir),
    freeDisk(dataDir),
    lookAtPort(host, port, run),
  ]);
  return { nvidia, system, folder, disk, port: checkPort(host, port, portState) };
}

async function askSystem(run: RunTool) {
  const [docker, toolkit, timedatectl] = await Promise.all([
    run('docker', ['--version']),
    run('nvidia-ctk', ['--version']),
    run('timedatectl', ['show', '--property=NTPSynchronized']),
  ]);
  const inside = existsSync('/.dockerenv') || existsSync('/run/.containerenv');
  return { docker, toolkit, timedatectl, inside };
}

/** ffmpeg, then each camera with it, all of them at once. */
async function lookAtSources({ settings, baseDir, env, cameraTimeoutMs = 5000 }: ExamineOptions): Promise<Finding[]> {
  const { cameras } = settings;
  const configured = settings.ffmpeg ?? env.FFMPEG_PATH;
  const ffmpeg = await findFfmpeg({
    ...(configured !== undefined && { configured }),
    pathVariable: env.PATH,
    environment: deviceEnvironment(env),
  }).catch((error: Error) => error);
  const tool = checkFfmpeg(ffmpeg, cameras, howToInstallFfmpeg(process.platform));
  if (cameras.length === 0) return [tool, { check: 'cameras', state: 'not checked', found: 'the settings name none' }];
  if (ffmpeg instanceof Error) return [tool, { check: 'cameras', state: 'not checked', found: 'without ffmpeg' }];
  const probed = cameras.map(async (camera): Promise<Finding> => {
    if (!camera.enabled) return { check: `camera ${camera.id}`, state: 'not checked', found: 'it is switched off' };
    const probe = await probeCamera(camera, { ffmpeg, baseDir, timeoutMs: cameraTimeoutMs });
    return checkCamera(camera.id, redact(camera.url), probe);
  });
  return [tool, ...(await Promise.all(probed))];
}

async function lookAtProviders({ settings, env }: ExamineOptions): Promise<Finding[]> {
  const environment = deviceEnvironment(env);
  const tried = await tryProviders({
    models: settings.models,
    platform: process.platform,
    autoProvider: await autoProvider(),
    run: (request) => runSelfTest({ ...request, environment }),
  });
  return tried.map(checkProvider);
}

async function lookAtNetworks(options: ExamineOptions): Promise<Finding[]> {
  const { settings, dataDir, modelsDir = join(dataDir, 'models'), mirrors, modelsFolder = null, env } = options;
  const { run = runTool } = options;
  const { models } = settings;
  const place = await detectorPlace({
    role: models.detector,
    providers: models.providers,
    visibleDevices: env.CUDA_VISIBLE_DEVICES,
    run,
  }).catch(() => ({ on: 'cpu' }) as const);
  const store = openModelStore({
    dir: modelsDir,
    folder: modelsFolder,
    mirrors,
    starter: false,
    offline: true,
    log: silentLog,
  });
  const needed = await neededModels(models, place, store);
  const networksMb = needed.reduce((sum, { name }) => sum + memoryOf(name), 0);
  const processes = models.processes ?? (place.on === 'cpu' ? availableParallelism() : 1);
  const memory = checkMemory({
    freeMb: Math.floor(process.availableMemory() / 2 ** 20),
    neededMb: SERVER_MB + processes * networksMb,
    processes,
    device: place.on === 'cpu' ? null : { free: place.free, neededMb: networksMb },
  });
  return [...needed.map((model: NeededModel) => checkModel(model)), ...memory];
}

/** What the catalog says; of a file of one's own nobody knows. */
const memoryOf = (name: string) => CATALOG.get(name)?.memoryMb ?? 0;

function rolesOf({ detector, embedder, scorers }: Settings['models']) {
  return [detector, embedder, ...scorers];
}

function wantsNvidia(models: Settings['models']): boolean {
  return rolesOf(models).some((role) => {
    const providers = providersFor(role, models.providers);
    return providers !== 'auto' && providers.some((name) => ['cuda', 'tensorrt'].includes(providerName(name)));
  });
}

function slicesOf(models: Settings['models'], env: ExamineOptions['env']): string[] {
  const devices = [...rolesOf(models).map(({ device }) => device), ...(env.CUDA_VISIBLE_DEVICES ?? '').split(',')];
  return [...new Set(devices.flatMap((device) => (device?.trim().startsWith('MIG-') ? [device.trim()] : [])))];
}

/** A look that fails is no reason to say nothing of the rest. */
function notLookedAt(check: string): (error: unknown) => Finding[] {
  return (error) => [{ check, state: 'not checked', found: redact(AppError.from(error).message) }];
}

/** When this very file was written. */
function builtMs(): number {
  return statSync(new URL(import.meta.url)).mtimeMs;
}
