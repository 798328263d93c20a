import type { Command } from 'commander';
import type { CommandContext } from './command-context.ts';
import { type AddOptions, addOwnModel } from './models/add-own-model.ts';
import { describeOwnModel, type InfoOptions } from './models/describe-own-model.ts';
import { type ListOptions, listModels } from './models/list-models.ts';
import { pullModels } from './models/pull-models.ts';
import { type VerifyOptions, verifyLocalModels } from './models/verify-local-models.ts';
import { addModelsBenchCommand } from './models-bench.ts';
import { addSettingsOptions, type SettingsOptions } from './settings-options.ts';

export function addModelsCommand(program: Command, context: CommandContext): void {
  const models = program
    .command('models')
    .summary('what networks there are, and fetch, bring, check and time them')
    .description('The networks that facegate knows: which there are, which are here, and how to get them.');
  addSettingsOptions(
    models
      .command('list')
      .summary('what is known, what is here, under which licence')
      .description('Lists the networks: what each is for, whether it is here, its licence, and where it lies.')
      .option('--json', 'print the list as JSON'),
  ).action((options: ListOptions) => listModels(options, context));
  addSettingsOptions(
    models
      .command('pull')
      .summary('fetch weights into the data folder, checked by SHA-256')
      .description('Fetches weights into the data folder and checks them by SHA-256.')
      .argument('[names...]', 'catalog names, or a scorer like minifasnet; default: the two that recognition needs'),
  ).action((names: string[], options: SettingsOptions) => pullModels(names, options, context));
  addSettingsOptions(
    models
      .command('add')
      .summary('take a file of your own into the data folder, once it has found or known a face')
      .description(
        'Takes an ONNX file of your own into the data folder. Before that it must do its work on a real face, in a process of ' +
          'its own: a detector find it, an embedder know it in the mirror, a scorer judge it. Its SHA-256 is noted and ' +
          'compared before every later load.',
      )
      .argument('<file>', 'the .onnx file')
      .option('--as <name>', 'which model it is: a catalog name')
      .option('--picture <file>', 'JPEG, PNG or WebP with a face; default: one that comes with the demo')
      .addHelpText(
        'after',
        '\nExample:\n  facegate models add retinaface-resnet50.onnx --as retinaface-resnet50 --picture me.jpg',
      ),
  ).action((file: string, options: AddOptions) => addOwnModel(file, options, context));
  addSettingsOptions(
    models
      .command('verify')
      .summary('hash every model file that is here, and compare')
      .description(
        'Hashes every model file that is here and compares it with what the catalog or the list of added models names. Ends ' +
          'with 1 where one is wrong.',
      )
      .argument('[names...]', 'catalog names; default: all')
      .option('--json', 'print the result as JSON'),
  ).action((names: string[], options: VerifyOptions) => verifyLocalModels(names, options, context));
  addSettingsOptions(
    models
      .command('info')
      .summary('what one network takes, gives, runs on and needs')
      .description(
        'Tells what one network takes and gives, as its file has it, which execution providers run it here, how much memory it ' +
          'takes, its licence and calibration, and how to get it. The file is read in a process of its own.',
      )
      .argument('<name>', 'catalog name, or the path of a file')
      .option('--json', 'print it as JSON'),
  ).action((name: string, options: InfoOptions) => describeOwnModel(name, options, context));
  addModelsBenchCommand(models, context);
}
