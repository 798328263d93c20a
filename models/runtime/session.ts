// Before the runtime is loaded.
import '../../config/runtime-telemetry.ts';

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { AppError } from '../../config/app-error.ts';
import type { ProviderName } from '../../config/execution-providers.ts';
import type { CatalogEntry } from '../catalog.ts';
import { int8Ranges } from '../int8.ts';
import { freeBatch } from '../onnx/free-batch.ts';
import { freeInputSize } from '../onnx/free-input-size.ts';
import { quantizeGraph } from '../onnx/quantize-graph.ts';
import { hasRandomWeights } from '../onnx/random-weights.ts';
import { makeRetinaFaceDynamic } from '../onnx/retinaface-dynamic.ts';
import type { PassedOver } from '../processes/role-report.ts';
import type { ResolvedModel } from '../store.ts';
import { checkContract, contractOf, type NetworkContract } from './network-contract.ts';
import { executionProvider, howToGet, type ProviderProof, planProviders, provenProvider } from './providers.ts';
import { hasProviderLibrary } from './runtime-folder.ts';
import { readVerifiedBytes } from './verified-bytes.ts';

export interface SessionOptions {
  /** `auto`, or names in the order of preference; without `cpu` among them nothing else will do. */
  readonly providers: 'auto' | readonly string[];
  /** `cuda:N` is passed to the runtime; a MIG slice is the only device that its process sees. */
  readonly device?: string | undefined;
  /** Input shapes to run once before the session counts as ready: the first one proves the provider. */
  readonly warmUp: readonly (readonly number[])[];
  /** Networks with random weights are welcome too: nobody looks at what comes out. Default false. */
  readonly timingOnly?: boolean;
}

/** What is run: an ONNX graph, and what it must look like to the code that calls it. */
export interface Network {
  /** For messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly contract: NetworkContract;
}

/** An input tensor that is filled again for every run. */
export interface NetworkInput {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** Output values by name; valid until the session's next run. */
export type NetworkOutputs = Readonly<Record<string, Float32Array>>;

/**
 * A network that is loaded, fits its catalog entry and has run once on the provider it names. `run` blocks the thread
 * although it returns a promise; it belongs in an inference process.
 */
export class Session {
  readonly model: string;
  /** The one that ran the convolutions of the warm-up. */
  readonly provider: ProviderName;
  /** Its convolutions and matrix products by provider, as the profiled warm-up counted them. */
  readonly nodes: ProviderProof['nodes'];
  readonly requested: 'auto' | readonly string[];
  /** It runs, but not on the first of the providers that were asked for. */
  readonly degraded: boolean;
  /** Providers that were tried before this one, and why they did not do. */
  readonly passedOver: readonly PassedOver[];
  readonly #session: ort.InferenceSession;
  readonly #inputName: string;
  readonly #tensors = new WeakMap<NetworkInput, ort.Tensor>();

  private constructor(
    network: Network,
    opened: Opened,
    requested: SessionOptions['providers'],
    degraded: boolean,
    passedOver: readonly PassedOver[],
  ) {
    this.model = network.name;
    this.provider = opened.provider;
    this.nodes = opened.nodes;
    this.requested = requested;
    this.degraded = degraded;
    this.passedOver = passedOver;
    this.#session = opened.session;
    // The contract says that there is one; not every contract says what it is called.
    this.#inputName = opened.session.inputNames[0]!;
  }

  /**
   * @throws {AppError} MODEL_NOT_FOUND, MODEL_CHECKSUM_MISMATCH, MODEL_INVALID, MODEL_RANDOM_WEIGHTS,
   *   MODEL_CONTRACT_MISMATCH, MODEL_PROVIDER_UNAVAILABLE.
   */
  static async open({ entry, path }: ResolvedModel, options: SessionOptions): Promise<Session> {
    // A name that is no provider is told before anything large is read.
    planProviders(options.providers, []);
    const published = await readVerifiedBytes(entry, path);
    if (!options.timingOnly && hasRandomWeights(published)) {
      throw new AppError(
        'MODEL_RANDOM_WEIGHTS',
        `${path} has random weights, for timing only: it finds and recognises nobody; bring trained weights of ${entry.name}`,
      );
    }
    const bytes = editGraph(entry, published);
    return Session.openNetwork({ name: entry.name, bytes, contract: contractOf(entry) }, options);
  }

  /**
   * A network that does not come from the catalog.
   *
   * @throws {AppError} MODEL_INVALID, MODEL_CONTRACT_MISMATCH, MODEL_PROVIDER_UNAVAILABLE.
   */
  static async openNetwork(network: Network, options: SessionOptions): Promise<Session> {
    const supported = await supportedProviders();
    const { candidates, asked } = planProviders(options.providers, supported);
    const failures: AppError[] = [];
    const passedOver: PassedOver[] = [];
    for (const provider of candidates) {
      try {
        const opened = await openOn(provider, network, options, supported);
        const session = new Session(network, opened, options.providers, asked && passedOver.length > 0, passedOver);
        for (const dims of options.warmUp.slice(1)) await session.run(session.input(dims));
        return session;
      } catch (error) {
        const failure = AppError.from(error, 'MODEL_INVALID');
        if (failure.code !== 'MODEL_PROVIDER_UNAVAILABLE') throw failure;
        failures.push(failure);
        passedOver.push({ provider, why: failure.message });
      }
    }
    if (failures.length === 1) throw failures[0];
    throw new AppError('MODEL_PROVIDER_UNAVAILABLE', failures.map((failure) => failure.message).join('; '), {
      cause: failures[0],
    });
  }

  /** A new input tensor of zeros; keep it and fill it again. */
  input(dims: readonly number[]): NetworkInput {
    const data = new Float32Array(dims.reduce((product, size) => product * size, 1));
    const input: NetworkInput = { data, dims };
    this.#tensors.set(input, new ort.Tensor('float32', data, dims));
    return input;
  }

  /**
   * @param input made by this session.
   * @throws {AppError} INFERENCE_FAILED when the network throws.
   */
  async run(input: NetworkInput): Promise<NetworkOutputs> {
    try {
      const results = await this.#session.run({ [this.#inputName]: this.#tensors.get(input)! });
      const outputs: Record<string, Float32Array> = {};
      for (const name in results) outputs[name] = results[name]!.data as Float32Array;
      return outputs;
    } catch (cause) {
      throw new AppError('INFERENCE_FAILED', `${this.model} failed on an input of [${input.dims.join(', ')}]`, {
        cause,
      });
    }
  }

  /** Gives the runtime's memory back; the session must not be used after it. */
  async close(): Promise<void> {
    await this.#session.release();
  }
}

/** What this installation can load: the runtime also lists the providers whose libraries it could have fetched. */
async function supportedProviders(): Promise<string[]> {
  const there = await Promise.all(
    ort
      .listSupportedBackends()
      .map(async ({ name, bundled }) => (bundled || (await hasProviderLibrary(name)) ? [name] : [])),
  );
  return there.flat();
}

function editGraph(entry: CatalogEntry, published: Uint8Array): Uint8Array {
  const bytes = freedGraph(entry, published);
  const ranges = entry.precision === 'int8' ? int8Ranges(entry) : null;
  return ranges ? quantizeGraph(bytes, ranges) : bytes;
}

function freedGraph(entry: CatalogEntry, bytes: Uint8Array): Uint8Array {
  switch ('graphEdit' in entry ? entry.graphEdit : null) {
    case 'retinaface-dynamic':
      return makeRetinaFaceDynamic(bytes);
    case 'free-input-size':
      return freeInputSize(bytes);
    case 'free-batch':
      return freeBatch(bytes);
    case null:
      return bytes;
  }
}

interface Opened {
  readonly session: ort.InferenceSession;
  readonly provider: ProviderName;
  readonly nodes: ProviderProof['nodes'];
}

/** Opens the network on that provider and proves by a profiled run that it is the one. */
async function openOn(
  provider: ProviderName,
  network: Network,
  { device, warmUp }: SessionOptions,
  supported: readonly string[],
): Promise<Opened> {
  if (!supported.includes(provider))
    throw unavailable(provider, network.name, 'this build of the runtime does not have it');
  const folder = await profileFolder();
  let session: ort.InferenceSession | null = null;
  try {
    try {
      session = await ort.InferenceSession.create(network.bytes, {
        executionProviders: [executionProvider(provider, device)],
        graphOptimizationLevel: 'all',
        // One thread a process: a process a core scales better than threads that wait for each other.
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        // Its warnings are about initialisers nobody uses; errors come back as exceptions.
        logSeverityLevel: 4,
        ...(folder !== null && { enableProfiling: true, profileFilePrefix: join(folder, 'profile') }),
      });
    } catch (cause) {
      if (provider !== 'cpu') throw unavailable(provider, network.name, said(cause), cause);
      throw new AppError('MODEL_INVALID', `the runtime cannot load ${network.name}: ${said(cause)}`, { cause });
    }
    checkContract(network.name, network.contract, tensors(session.inputMetadata), tensors(session.outputMetadata));
    const proof = await profiledRun(session, network, warmUp[0]!, folder, provider);
    if (proof.provider !== provider) throw unavailable(provider, network.name, sharedBy(proof));
    return { session, provider, nodes: proof.nodes };
  } catch (error) {
    await session?.release();
    throw error;
  } finally {
    if (folder !== null) await rm(folder, { recursive: true, force: true });
  }
}

/** A read-only container may have no place for temporary files. */
async function profileFolder(): Promise<string | null> {
  for (const place of [tmpdir(), '/dev/shm']) {
    try {
      return await mkdtemp(join(place, 'facegate-profile-'));
    } catch {
      // The next one.
    }
  }
  return null;
}

async function profiledRun(
  session: ort.InferenceSession,
  network: Network,
  dims: readonly number[],
  folder: string | null,
  provider: ProviderName,
): Promise<ProviderProof> {
  const zeros = new Float32Array(dims.reduce((product, size) => product * size, 1));
  try {
    await session.run({ [session.inputNames[0]!]: new ort.Tensor('float32', zeros, dims) });
  } catch (cause) {
    if (provider !== 'cpu') throw unavailable(provider, network.name, said(cause), cause);
    throw new AppError('MODEL_INVALID', `${network.name} fails on an input of [${dims.join(', ')}]: ${said(cause)}`, {
      cause,
    });
  }
  // Without a profile there is no proof, but a session with the CPU alone has nothing else to run on.
  const unproven = { provider: provider === 'cpu' ? provider : null, nodes: {} };
  if (folder === null) return unproven;
  session.endProfiling();
  const [profile] = await readdir(folder);
  return profile === undefined ? unproven : provenProvider(await readFile(join(folder, profile), 'utf8'));
}

function sharedBy({ nodes }: ProviderProof): string {
  const counts = Object.entries(nodes).map(([provider, count]) => `${count} on ${provider}`);
  if (counts.length === 0) return 'its warm-up left no profile to prove it';
  return `of the convolutions and matrix products of its warm-up ran ${counts.join(', ')}`;
}

function tensors(metadata: readonly ort.InferenceSession.ValueMetadata[]) {
  return metadata.map((value) =>
    value.isTensor
      ? { name: value.name, type: value.type, shape: value.shape }
      : { name: value.name, type: 'no tensor', shape: [] },
  );
}

function unavailable(provider: ProviderName, model: string, why: string, cause?: unknown): AppError {
  const hint = howToGet(provider);
  const message = `the execution provider ${provider} cannot run ${model}: ${why}${hint && `; ${hint}`}`;
  return new AppError('MODEL_PROVIDER_UNAVAILABLE', message, { cause, details: { provider, why, toInstall: hint } });
}

/** Its sources' paths and conditions in front of the sentence are the runtime's own business. */
function said(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text
    .replace(/^\/onnxruntime_src\/.*? was false\. /s, '')
    .replace(/\s+/g, ' ')
    .trim();
}
