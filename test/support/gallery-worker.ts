// A process that works on a gallery until it is killed: node gallery-worker.ts enrol|rotate FILE MODEL WIDTH.
// `enrol` says on stdout, a JSON object a line, what it is about to do and what it has done. `rotate` changes the key again
// and again.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { rotateGalleryKey } from '../../gallery/rotate-key.ts';
import { openGallery } from '../../gallery/subject-gallery.ts';
import { vectorOf } from './gallery-work.ts';
import { recordedLog } from './recorded-log.ts';
import { VirtualClock } from './virtual-clock.ts';

const [work, file, model, width] = process.argv.slice(2) as [string, string, string, string];
// Synchronously: what was said before the end must have been said.
const say = (line: object) => writeSync(1, `${JSON.stringify(line)}\n`);
const anyOf = <T>(list: readonly T[]): T | undefined => list[Math.floor(Math.random() * list.length)];

if (work === 'rotate') {
  say({ ready: true });
  for (;;) rotateGalleryKey({ file, keyFile: join(file, '..', 'gallery.key') });
}

const gallery = openGallery({
  file,
  model,
  width: Number(width),
  keepImages: true,
  log: recordedLog(),
  clock: new VirtualClock({ wallMs: Date.now() }),
});
say({ ready: true });
for (let n = 0; ; n += 1) {
  const seed = `${process.pid}-${n}`;
  const subject = anyOf(gallery.subjects());
  const dice = Math.random();
  if (!subject || dice < 0.2) {
    say({ will: 'create', name: seed });
    gallery.createSubject({ name: seed, notes: `of ${seed}` });
  } else if (dice < 0.7) {
    say({ will: 'enrol', name: subject.name, seed });
    gallery.addTemplate(subject.id, {
      embedding: { model, vector: vectorOf(seed, Number(width)) },
      quality: 1,
      source: seed,
      image: Buffer.from(`picture of ${seed}`),
    });
  } else if (dice < 0.85) {
    const template = anyOf(gallery.templates(subject.id));
    if (!template) continue;
    say({ will: 'forget', name: subject.name, seed: template.source });
    gallery.removeTemplate(template.id);
  } else {
    say({ will: 'remove', name: subject.name });
    gallery.removeSubject(subject.id);
  }
  say({ did: true });
}
