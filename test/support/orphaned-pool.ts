/**
 * Starts inference processes as its parent says, prints their pids and waits to be killed: what happens to the children of
 * a server that goes without a word.
 */
import { createInferencePool } from '../../models/processes/inference-pool.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { recordedLog } from './recorded-log.ts';

process.once('message', async (options: Omit<Parameters<typeof createInferencePool>[0], 'log' | 'clock'>) => {
  const pool = await createInferencePool({ ...options, log: recordedLog(), clock: systemClock });
  process.send?.(pool.stats().perProcess.map(({ pid }) => pid));
});
