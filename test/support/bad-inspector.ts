/** A process that looks into "files" as no real one should: the name of the file says how. */
import type { FromInspector, ToInspector } from '../../models/inspection/inspect-messages.ts';

const kept: Buffer[] = [];

process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToInspector) => {
  const what = message.type === 'describe' ? message.path : '';
  if (what === 'crash') {
    process.stderr.write('about to crash\n');
    process.abort();
  }
  if (what === 'end') process.exit(3);
  if (what === 'hang') for (;;);
  if (what === 'hog') {
    setInterval(() => kept.push(Buffer.alloc(32 << 20, 1)), 5);
    return;
  }
  if (what === 'silent') return;
  const answer = { bytes: process.pid, sha256: '', inputs: [], outputs: [], producer: null, opset: null };
  const reply: FromInspector = { id: message.id, answer };
  process.send!(reply);
});
