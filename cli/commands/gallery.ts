import type { Command } from 'commander';
import type { CommandContext } from './command-context.ts';
import { addCalibrateCommand } from './gallery/calibrate.ts';
import { addExportCommand } from './gallery/export.ts';
import { addImportCommand } from './gallery/import.ts';
import { addReembedCommand } from './gallery/reembed.ts';
import { addRetentionCommand } from './gallery/retention.ts';
import { addRotateKeyCommand } from './gallery/rotate-key.ts';

/** `facegate gallery …`: each subcommand has a file of its own in gallery/, and one line here. */
export function addGalleryCommand(program: Command, context: CommandContext): void {
  const gallery = program
    .command('gallery')
    .summary('the people facegate knows, as a whole: carry over, tidy up, calibrate')
    .description('The gallery as a whole: what is done with all the people that facegate knows.');
  addRotateKeyCommand(gallery, context);
  addReembedCommand(gallery, context);
  addCalibrateCommand(gallery, context);
  addExportCommand(gallery, context);
  addImportCommand(gallery, context);
  addRetentionCommand(gallery, context);
}
