import type { FreeMemory } from '../../models/devices/free-memory.ts';
import type { Finding } from './finding.ts';

export interface MemoryFacts {
  /** Main memory that this process may still get (the container's limit counts), MiB. */
  readonly freeMb: number;
  /** What the inference processes on a CPU need together, MiB. */
  readonly neededMb: number;
  readonly processes: number;
  /** Of the device that networks are placed on; null where all run on the CPU. */
  readonly device: { readonly free: FreeMemory; readonly neededMb: number } | null;
}

export function checkMemory({ freeMb, neededMb, processes, device }: MemoryFacts): Finding[] {
  const check = 'memory';
  const found = `${freeMb} MiB free; ${processes} inference ${processes === 1 ? 'process' : 'processes'} and the server take about ${neededMb}`;
  const main: Finding =
    freeMb >= neededMb
      ? { check, state: 'ok', found }
      : {
          check,
          state: 'wrong',
          found,
          todo: `free some, or set models.processes: ${Math.max(1, Math.floor((processes * freeMb) / (neededMb * 2)))}`,
        };
  return [main, ofDevice(device)];
}

function ofDevice(device: MemoryFacts['device']): Finding {
  const check = 'device memory';
  if (!device) return { check, state: 'not checked', found: 'all networks run on the CPU' };
  const { free, neededMb } = device;
  if (free.freeMb === null) return { check, state: 'not checked', found: free.source };
  const found = `${free.freeMb} MiB free (${free.source}); the networks take about ${neededMb}`;
  if (free.freeMb >= neededMb) return { check, state: 'ok', found };
  return {
    check,
    state: 'wrong',
    found,
    todo: 'nvidia-smi shows who uses it; or name a lighter models.detector.model',
  };
}
