import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AppError } from '../../config/app-error.ts';
import { blurFaces } from './blur-faces.ts';
import type { Step } from './step.ts';

export type Steps = ReadonlyMap<string, Step>;

const STEP_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/**
 * The bundled steps and those of the settings. A step is code of whoever wrote the settings: it runs inside the server,
 * with all that the server may do.
 *
 * @param o.modules paths (`settings.steps`), relative to `o.baseDir`; each has the step as its default export.
 * @throws {AppError} CONFIG_INVALID, naming the setting, when a module cannot be loaded, is no step or takes a name again.
 */
export async function loadSteps(o: { modules: readonly string[]; baseDir: string }): Promise<Steps> {
  const steps = new Map<string, Step>([[blurFaces.name, blurFaces]]);
  for (const [index, path] of o.modules.entries()) {
    const setting = `steps[${index}]`;
    const step = await loadStep(setting, resolve(o.baseDir, path));
    if (steps.has(step.name)) {
      throw new AppError('CONFIG_INVALID', `${setting} (${path}) is named "${step.name}", and so is another step`);
    }
    steps.set(step.name, step);
  }
  return steps;
}

async function loadStep(setting: string, path: string): Promise<Step> {
  let loaded: { default?: unknown };
  try {
    loaded = await import(pathToFileURL(path).href);
  } catch (cause) {
    const [said] = (cause instanceof Error ? cause.message : String(cause)).split('\n', 1);
    throw new AppError('CONFIG_INVALID', `${setting} (${path}) could not be loaded: ${said}`, { cause });
  }
  const step = loaded.default;
  if (!isStep(step)) {
    throw new AppError('CONFIG_INVALID', `${setting} (${path}) must export by default { name, apply(image, faces) }`);
  }
  if (!STEP_NAME.test(step.name)) {
    throw new AppError('CONFIG_INVALID', `${setting} (${path}) has a name that must match ${STEP_NAME.source}`);
  }
  return step;
}

function isStep(value: unknown): value is Step {
  if (typeof value !== 'object' || value === null) return false;
  const { name, apply } = value as Partial<Step>;
  return typeof name === 'string' && typeof apply === 'function';
}
