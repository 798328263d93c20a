// A thread that searches rows which the main thread writes: they lie in memory that both see, and no row changes while a
// search runs. It never runs the inference runtime, so that ending it by force is safe.
import { parentPort, workerData } from 'node:worker_threads';
import { RowScan } from './row-scan.ts';
import type { FromThread, SearchJob, ThreadSetup, ToThread } from './search-messages.ts';
import { CHUNK_ROWS, Segment } from './segment.ts';

const { lane, module } = workerData as ThreadSetup;
let segments: Segment[] = [];

function found(job: SearchJob): FromThread {
  // Segments that are in use no longer are let go.
  segments = job.segments.map(
    (share) => segments.find((held) => held.share.id === share.id) ?? new Segment(share, module),
  );
  const next = new Int32Array(job.next);
  const scan = new RowScan(job.probes, job.k, lane);
  for (;;) {
    const from = Atomics.add(next, 0, 1) * CHUNK_ROWS;
    if (from >= job.rows) break;
    const segment = segments.findLast((each) => each.share.firstRow <= from) as Segment;
    const start = from - segment.share.firstRow;
    scan.scan(segment, start, Math.min(start + CHUNK_ROWS, job.rows - segment.share.firstRow));
  }
  scan.wipe();
  for (const probe of job.probes) probe.fill(0);
  return { type: 'found', job: job.job, best: scan.best.map((best) => best.list) };
}

parentPort?.on('message', (message: ToThread) => parentPort?.postMessage(found(message)));
parentPort?.postMessage({ type: 'ready' } satisfies FromThread);
