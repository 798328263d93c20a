import { resolve } from 'node:path';
import { AppError } from '../../../config/app-error.ts';
import { deviceEnvironment } from '../../../config/device-environment.ts';
import { EXECUTION_PROVIDERS } from '../../../config/execution-providers.ts';
import { isModelPath } from '../../../config/model-path.ts';
import type { CatalogEntry } from '../../../models/catalog.ts';
import type { ModelFacts, ProviderTrial } from '../../../models/inspection/inspect-messages.ts';
import { ModelInspector } from '../../../models/inspection/model-inspector.ts';
import type { ResolvedModel } from '../../../models/store.ts';
import type { CommandContext } from '../command-context.ts';
import type { SettingsOptions } from '../settings-options.ts';
import { oneModel } from './model-names.ts';
import { openStore } from './open-store.ts';

export interface InfoOptions extends SettingsOptions {
  readonly json?: boolean;
}

/** What one model is, and what the file that is here says of itself and runs on. Fetches nothing. */
export async function describeOwnModel(name: string, options: InfoOptions, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const { store } = openStore(options, context, { starter: true, offline: true });
  const asked = isModelPath(name) ? resolve(name) : oneModel(name).name;
  const found = await store.resolve(asked).catch((error: unknown) => AppError.from(error));
  const missing = found instanceof AppError;
  if (missing && (isModelPath(name) || found.code !== 'MODEL_NOT_FOUND')) throw found;
  const entry = missing ? oneModel(name) : found.entry;
  const measured = missing ? null : await measure(found, deviceEnvironment(context.env));
  if (options.json) {
    const file = missing ? null : { path: found.path, origin: found.origin, verified: found.verified ?? false };
    terminal.print(JSON.stringify({ entry, file, ...measured }, null, 2));
    return;
  }
  terminal.table(rows(entry, missing ? null : found, measured).map(([label, value]) => [label, value]));
}

interface Measured {
  readonly facts: ModelFacts;
  readonly memoryMb: number;
  readonly providers: readonly ProviderTrial[];
}

async function measure(model: ResolvedModel, environment: Record<string, string>): Promise<Measured> {
  await using inspector = new ModelInspector({ environment });
  const facts = await inspector.ask({ type: 'describe', path: model.path });
  const { memoryMb } = await inspector.ask({ type: 'load', model });
  const providers: ProviderTrial[] = [];
  for (const provider of Object.keys(EXECUTION_PROVIDERS)) {
    try {
      providers.push(await inspector.ask({ type: 'provider', model, provider }));
    } catch (error) {
      // A driver that takes the process with it: the next provider has another one.
      providers.push({ provider, latencyMs: null, why: AppError.from(error).message });
    }
  }
  return { facts, memoryMb, providers };
}

function rows(entry: CatalogEntry, found: ResolvedModel | null, measured: Measured | null): [string, string][] {
  const table: [string, string][] = [
    ['model', entry.name],
    ['title', entry.title],
    ['task', `${entry.task}, family ${entry.family}`],
    ['licence', entry.licence],
  ];
  if (found && measured) {
    const { facts, memoryMb, providers } = measured;
    const compared = found.verified ? 'compared with the one that is known' : 'nothing is known to compare it with';
    table.push(
      ['file', `${found.path} (${(facts.bytes / 1e6).toFixed(1)} MB)`],
      ['from', found.origin],
      ['SHA-256', `${facts.sha256} (${compared})`],
      ['written by', `${facts.producer ?? 'unknown'}, operator set ${facts.opset ?? 'unknown'}`],
      ...facts.inputs.map((tensor): [string, string] => ['input', described(tensor)]),
      ...facts.outputs.map((tensor): [string, string] => ['output', described(tensor)]),
      ...providers.map(({ provider, latencyMs, why }): [string, string] => [
        `on ${provider}`,
        latencyMs === null ? `no: ${why}` : `yes, ${latencyMs.toFixed(1)} ms a run`,
      ]),
      ['memory', `${memoryMb} MiB on the CPU here; the catalog counts on ${entry.memoryMb} MiB of a device`],
    );
  } else {
    table.push(['file', 'not here'], ['to get it', entry.obtain ?? `facegate models pull ${entry.name}`]);
    table.push(['memory', `the catalog counts on ${entry.memoryMb} MiB of a device`]);
  }
  if (entry.task === 'detector') table.push(['lighter', entry.lighter ?? 'none']);
  if (entry.task === 'embedder') {
    const { threshold, margin, quality, source } = entry.calibration;
    table.push(
      ['embedding', `${entry.embedding.width} numbers of a crop of ${entry.embedding.cropSize} px`],
      ['calibration', `threshold ${threshold}, margin ${margin}, quality from ${quality.signal}`],
      ['rests on', source],
    );
  }
  return table;
}

function described({ name, type, shape }: ModelFacts['inputs'][number]): string {
  return `${name} ${type} [${shape.join(', ')}]`;
}
