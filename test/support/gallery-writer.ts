// Another process that writes to a gallery: node gallery-writer.ts FILE MODEL WIDTH, then one command a line on stdin.
// It answers each with one line on stdout.
import { createInterface } from 'node:readline';
import { openGallery } from '../../gallery/subject-gallery.ts';
import { recordedLog } from './recorded-log.ts';
import { VirtualClock } from './virtual-clock.ts';

const [file, model, width] = process.argv.slice(2) as [string, string, string];
const gallery = openGallery({
  file,
  model,
  width: Number(width),
  log: recordedLog(),
  clock: new VirtualClock({ wallMs: Date.now() }),
});

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...words] = line.split(' ');
  if (command === 'enrol') {
    const [name, ...values] = words as [string, ...string[]];
    const found = gallery.subjects().find((subject) => subject.name === name);
    const { id } = found ?? gallery.createSubject({ name });
    gallery.addTemplate(id, {
      embedding: { model, vector: Float32Array.from(values, Number) },
      quality: 0.9,
      source: 'another process',
    });
    process.stdout.write(`${id}\n`);
  } else if (command === 'remove') {
    gallery.removeSubject(words[0] as string);
    process.stdout.write('removed\n');
  }
}
await gallery.close();
