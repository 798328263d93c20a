import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { galleryPlace } from '../../../config/gallery-place.ts';
import { rotateGalleryKey } from '../../../gallery/rotate-key.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { openAuditLog } from '../../../storage/audit-log.ts';
import type { CommandContext } from '../command-context.ts';
import { commandLineCaller } from '../command-line-caller.ts';
import { addSettingsOptions, readSettings, type SettingsOptions } from '../settings-options.ts';

interface RotateKeyOptions extends SettingsOptions {
  keepOld?: string;
}

export function addRotateKeyCommand(gallery: Command, context: CommandContext): void {
  const command = gallery
    .command('rotate-key')
    .summary('seal the gallery under a new key')
    .description(
      'Seals embeddings, pictures, notes and consent under a new key, which takes the place of the old one. Cut off at any ' +
        'moment, nothing is lost: it is the one key or the other that opens everything. A running facegate follows by itself; ' +
        'while it takes (seconds for 100,000 faces), nobody can be enrolled or deleted. Backups need the key that was in use ' +
        'when they were made: --keep-old puts it where you say.',
    )
    .option('--keep-old <file>', 'put the old key into this file; without it, it is gone')
    .addHelpText(
      'after',
      `
Where the key comes from FACEGATE_GALLERY_KEY, give the next one too, and start facegate with it afterwards:
  FACEGATE_GALLERY_KEY_NEXT=$(openssl rand -base64 32) facegate gallery rotate-key`,
    );
  addSettingsOptions(command).action((options: RotateKeyOptions) => rotateKey(options, context));
}

function rotateKey(options: RotateKeyOptions, context: CommandContext): void {
  const { terminal, env } = context;
  const { settings, dataDir, baseDir, galleryKey, warnings } = readSettings(options, context);
  for (const warning of warnings) terminal.note(warning);
  const { file, keyFile, key } = galleryPlace({ settings, dataDir, baseDir, key: galleryKey });
  const audit = openAuditLog({ file: join(dataDir, 'audit.db'), clock: systemClock });
  try {
    const oldKeyFile = options.keepOld === undefined ? undefined : resolve(options.keepOld);
    const { FACEGATE_GALLERY_KEY_NEXT: nextKey } = env;
    const rotated = rotateGalleryKey({ file, keyFile, key, nextKey: nextKey || undefined, oldKeyFile });
    const { from, to, templates, images, subjects, walEmptied } = rotated;
    audit.record({
      action: 'gallery.key_rotated',
      by: commandLineCaller(),
      subject: null,
      details: { from, to, templates, images, subjects },
    });
    terminal.print(
      `sealed anew under the key ${to}…: ${templates} faces, ${images} pictures, notes or consent of ${subjects} subjects`,
    );
    if (oldKeyFile !== undefined) terminal.print(`the old key ${from}… is in ${oldKeyFile}`);
    else if (key === undefined) terminal.print(`the old key ${from}… is gone; backups made under it open no more`);
    if (key !== undefined) {
      terminal.print(
        'start facegate with the next key as FACEGATE_GALLERY_KEY now; one that runs recognises nobody more',
      );
    }
    if (!walEmptied) terminal.note('what was sealed under the old key goes from the WAL with the next checkpoint');
  } finally {
    audit.close();
  }
}
