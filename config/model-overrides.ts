import { dirname, isAbsolute, resolve } from 'node:path';
import { AppError } from './app-error.ts';
import { isModelPath } from './model-path.ts';
import type { Settings } from './settings-schema.ts';

/** Environment variables that name a role's model, whatever the file says: the path of a file. */
export const MODEL_VARIABLES = { detector: 'RETINAFACE_MODEL_PATH', embedder: 'RECOGNITION_MODEL_PATH' } as const;

/** A variable may also hold a name of the catalog, as the setting may. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/**
 * The settings with the models that environment variables name, and with absolute paths: a relative one is relative to the
 * configuration file, never to the working directory, from which a service may be started anywhere.
 *
 * @param configFile absolute; null without one.
 * @throws {AppError} CONFIG_INVALID naming the key or the variable, and what to type.
 */
export function withModelPaths(
  models: Settings['models'],
  env: Readonly<Record<string, string | undefined>>,
  configFile: string | null,
): Settings['models'] {
  const problems: string[] = [];
  const absolute = (key: string, model: string): string => {
    if (!isModelPath(model) || isAbsolute(model)) return model;
    if (configFile !== null) return resolve(dirname(configFile), model);
    problems.push(
      `${key} is a relative path, ${JSON.stringify(model)}, and there is no configuration file that it could be relative ` +
        `to; write the whole path, like ${resolve(model)}`,
    );
    return model;
  };
  const named = (role: keyof typeof MODEL_VARIABLES): string => {
    const variable = MODEL_VARIABLES[role];
    const value = env[variable];
    if (value === undefined || value === '') return absolute(`models.${role}.model`, models[role].model);
    if (isModelPath(value) || NAME.test(value)) return absolute(`the environment variable ${variable}`, value);
    problems.push(
      `the environment variable ${variable} must be the path of an .onnx file or the name of a model, got ${JSON.stringify(value.slice(0, 100))}`,
    );
    return models[role].model;
  };
  const result = {
    ...models,
    detector: { ...models.detector, model: named('detector') },
    embedder: {
      ...models.embedder,
      model: named('embedder'),
      ...(models.embedder.previous !== undefined && {
        previous: absolute('models.embedder.previous', models.embedder.previous),
      }),
    },
    scorers: models.scorers.map((scorer, i) => ({
      ...scorer,
      model: absolute(`models.scorers[${i}].model`, scorer.model),
    })),
  };
  if (problems.length > 0) throw new AppError('CONFIG_INVALID', problems.join('\n'), { details: { problems } });
  return result;
}
