import type { RoleSettings } from '../config/settings-schema.ts';
import type { DetectorPlace } from './choose-detector.ts';
import { type FreeMemory, type FreeMemoryOptions, freeMemory } from './devices/free-memory.ts';
import type { RunTool } from './devices/run-tool.ts';
import { autoProvider } from './runtime/auto-provider.ts';
import { providerName, providersFor } from './runtime/providers.ts';

export interface DetectorPlaceOptions {
  readonly role: Pick<RoleSettings, 'providers' | 'device'>;
  /** `models.providers`. */
  readonly providers: 'auto' | readonly string[];
  /** `CUDA_VISIBLE_DEVICES` of the inference processes. */
  readonly visibleDevices?: string | undefined;
  /** Default: of this machine. */
  readonly autoProvider?: () => Promise<'cpu' | 'cuda' | 'coreml'>;
  /** Asks nvidia-smi. Default: this machine's. */
  readonly run?: RunTool;
  readonly freeMemory?: (options: FreeMemoryOptions) => Promise<FreeMemory>;
}

/** Where the detector will run if its first provider does, and how much memory is free there. */
export async function detectorPlace(options: DetectorPlaceOptions): Promise<DetectorPlace> {
  const { role, visibleDevices, run } = options;
  const asked = providersFor(role, options.providers);
  const first = asked === 'auto' ? await (options.autoProvider ?? autoProvider)() : providerName(asked[0] as string);
  if (first === 'cpu') return { on: 'cpu' };
  if (first === 'coreml') return { on: 'gpu', free: { freeMb: null, source: 'Core ML does not tell free memory' } };
  const nvidia = first === 'cuda' || first === 'tensorrt';
  const device = role.device ?? (nvidia ? 'cuda:0' : undefined);
  const look = options.freeMemory ?? freeMemory;
  return { on: 'gpu', free: await look({ device, visibleDevices, ...(run && { run }) }) };
}
