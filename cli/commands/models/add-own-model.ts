import { AppError } from '../../../config/app-error.ts';
import { addModel } from '../../../models/add-model.ts';
import { helpingDetector } from '../../../models/helping-detector.ts';
import { ModelInspector } from '../../../models/inspection/model-inspector.ts';
import type { CommandContext } from '../command-context.ts';
import type { SettingsOptions } from '../settings-options.ts';
import { facePicture } from './face-picture.ts';
import { oneModel } from './model-names.ts';
import { openStore } from './open-store.ts';

export interface AddOptions extends SettingsOptions {
  readonly as?: string;
  readonly picture?: string;
}

/** Takes a file into the data folder after it has done its work on a real face. */
export async function addOwnModel(file: string, options: AddOptions, context: CommandContext): Promise<void> {
  const { terminal } = context;
  if (options.as === undefined) {
    throw new AppError('USAGE', `which model is ${file}? facegate models add ${file} --as NAME (facegate models list)`);
  }
  const entry = oneModel(options.as);
  const picture = await facePicture(options.picture);
  const { store, folders } = openStore(options, context, { starter: true });
  await using inspector = new ModelInspector();
  terminal.note(`trying ${file} on ${picture.origin} …`);
  const { path, sha256, found } = await addModel({
    file,
    entry,
    dir: folders.dir,
    picture: picture.image,
    helper: () => helpingDetector(store),
    inspector,
    now: new Date(),
  });
  terminal.print(`${entry.name}: ${path}`);
  terminal.print(`  it ${found}; SHA-256 ${sha256} is compared from now on`);
  terminal.print(`  licence: ${entry.licence}`);
}
