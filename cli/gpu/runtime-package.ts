import { createRequire } from 'node:module';
import { AppError } from '../../config/app-error.ts';

/** A file of the NuGet package, and its name among the runtime's libraries. */
export interface LibraryFile {
  /** Inside the package: `runtimes/linux-x64/native/…`. */
  readonly entry: string;
  readonly name: string;
}

/** Where the CUDA libraries of the runtime that is installed come from. */
export interface RuntimePackage {
  /** `Microsoft.ML.OnnxRuntime.Gpu.Linux` */
  readonly id: string;
  /** That of the runtime: libraries of another one do not load. */
  readonly version: string;
  /** NuGet's service index. */
  readonly index: string;
  readonly files: readonly LibraryFile[];
}

/** What onnxruntime-node's own install script goes by. */
interface InstallMetadata {
  readonly manifests: Readonly<Record<string, Readonly<Record<string, { package: string; path: string }>>>>;
  readonly packages: Readonly<Record<string, { name: string; versions: readonly { feed: string; version: string }[] }>>;
  readonly feeds: Readonly<Record<string, { index: string }>>;
}

/**
 * @param platform `linux/x64`.
 * @throws {AppError} GPU_INSTALL_FAILED where this runtime has no CUDA libraries for the system.
 */
export function runtimePackage(platform: string, metadata: InstallMetadata = runtimeMetadata()): RuntimePackage {
  const manifest = metadata.manifests[`${platform}:cuda12`];
  const [first] = Object.values(manifest ?? {});
  const published = first && metadata.packages[first.package];
  const newest = published?.versions[0];
  const feed = newest && metadata.feeds[newest.feed];
  if (!manifest || !feed) {
    const known = Object.keys(metadata.manifests).map((name) => name.split(':')[0]);
    throw new AppError(
      'GPU_INSTALL_FAILED',
      `the runtime has CUDA libraries for ${known.join(', ')} only, this is ${platform}`,
    );
  }
  const files = Object.entries(manifest).map(([name, { path }]) => ({ entry: path, name: name.replace(/^\.\//, '') }));
  return { id: published.name, version: newest.version, index: feed.index, files };
}

function runtimeMetadata(): InstallMetadata {
  return createRequire(import.meta.url)('onnxruntime-node/script/install-metadata.js') as InstallMetadata;
}
