import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Chromium's driver that draws on the processor; the only one of Debian 12 that WebGPU is content with. */
export const SWIFTSHADER = '/usr/lib/chromium/libvk_swiftshader.so';

export interface SoftwareVulkan extends Disposable {
  /** What a process needs of the environment to find this driver and no other. */
  readonly environment: Readonly<Record<string, string>>;
  /** Takes the driver away: a process that starts now finds none. */
  remove(): void;
}

/** A Vulkan driver of one's own; only where `requirement('webgpu')` is met. */
export function softwareVulkan(): SoftwareVulkan {
  const folder = mkdtempSync(join(tmpdir(), 'facegate-vulkan-'));
  const file = join(folder, 'swiftshader.json');
  writeFileSync(
    file,
    JSON.stringify({ file_format_version: '1.0.0', ICD: { library_path: SWIFTSHADER, api_version: '1.1.0' } }),
  );
  const remove = () => rmSync(folder, { recursive: true, force: true });
  return {
    // The second name is what older loaders know.
    environment: { VK_DRIVER_FILES: file, VK_ICD_FILENAMES: file },
    remove,
    [Symbol.dispose]: remove,
  };
}
