import { access } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The folder of onnxruntime-node's libraries for this machine; where a provider's libraries must lie beside them. */
export function runtimeFolder(): string {
  const packageFile = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return join(dirname(packageFile), 'bin', 'napi-v6', process.platform, process.arch);
}

/** Whether the library that a provider is loaded from lies there; the bundled ones need none. */
export async function hasProviderLibrary(provider: string, folder: string = runtimeFolder()): Promise<boolean> {
  const names = [`libonnxruntime_providers_${provider}.so`, `onnxruntime_providers_${provider}.dll`];
  const looks = names.map((name) =>
    access(join(folder, name)).then(
      () => true,
      () => false,
    ),
  );
  return (await Promise.all(looks)).includes(true);
}
