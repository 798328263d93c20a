import { AppError } from '../../config/app-error.ts';
import type { ProviderName } from '../../config/execution-providers.ts';
import type { PlacedNetwork } from '../../models/inference/networks.ts';
import { timeNetworks } from '../../models/timing/time-networks.ts';
import type { Timing, TimingWork } from '../../models/timing/timing-messages.ts';
import { shapesOf, type TimedModel, withModelFile } from './timed-models.ts';

/** One measurement; `timing` null: not measured, and `why`. */
export interface TimedRow {
  readonly provider: ProviderName;
  readonly timing: Timing | null;
  readonly why: string | null;
}

export interface NetworkRow extends TimedRow {
  readonly model: string;
  readonly randomWeights: boolean;
  readonly width: number;
  readonly height: number;
}

export interface RunTimingsOptions {
  readonly providers: readonly ProviderName[];
  readonly seconds: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Times one network at every size on every provider, one after the other, each in a process of its own. */
export async function timeModel(
  model: TimedModel,
  options: RunTimingsOptions & {
    readonly sizes: readonly number[];
    /** For a file that is built. */
    readonly folder: string;
    readonly onStart: (what: string) => void;
  },
): Promise<NetworkRow[]> {
  const { name } = model.entry;
  const shapes = shapesOf(model.entry, options.sizes);
  return withModelFile(model, options.folder, async (file) => {
    const rows: NetworkRow[] = [];
    for (const provider of options.providers) {
      let missing: string | null = null;
      for (const shape of shapes) {
        const [, , height, width] = shape;
        options.onStart(`${name}, ${width}×${height}, ${provider}`);
        const network: PlacedNetwork = { model: file, providers: [provider] };
        const row: TimedRow =
          missing === null
            ? await timeWork({ kind: 'network', network, shape }, provider, options)
            : { provider, timing: null, why: missing };
        // A provider that is not there for one size is not there for the others.
        if (row.timing === null) missing = row.why;
        rows.push({ model: name, randomWeights: model.randomWeights, width, height, ...row });
      }
    }
    return rows;
  });
}

/** @throws {AppError} INFERENCE_CLOSED when it was cancelled; whatever else goes wrong is a row that was not measured. */
export async function timeWork(
  work: TimingWork,
  provider: ProviderName,
  { seconds, environment, signal }: RunTimingsOptions,
): Promise<TimedRow> {
  try {
    return { provider, timing: await timeNetworks({ work, seconds }, { environment, signal }), why: null };
  } catch (error) {
    const { code, message } = AppError.from(error, 'INFERENCE_FAILED');
    if (code === 'INFERENCE_CLOSED') throw error;
    return { provider, timing: null, why: message };
  }
}
