import { writeFigures, writePlots } from './figures-file.ts';
import { describeMachine, machineLine, machineNow, troubles, watchMachine } from './machine.ts';
import { type Figures, type Measurement, render } from './report.ts';

/** Runs parts one after the other in this process: tables to stdout as they come, figures to a file, plots to a folder. */
export async function runParts(
  parts: readonly { run: () => Promise<Measurement> }[],
  o: { json?: string; svg?: string },
): Promise<void> {
  const described = describeMachine();
  process.stdout.write(`on this machine: ${machineLine(described)}\n`);
  const now = await machineNow();
  const load = now.loadBefore === null ? '' : `load ${now.loadBefore.toFixed(2)}`;
  for (const trouble of troubles(now))
    process.stdout.write(`! before the start ${trouble} (${load}): wait until the machine is quiet\n`);
  const figures: Figures[] = [];
  for (const part of parts) {
    const watched = await watchMachine();
    const measurement = await part.run();
    const conditions = await watched();
    figures.push({ machine: described, conditions, measurement });
    process.stdout.write(`\n${render(measurement, conditions)}\n`);
    if (o.svg) writePlots(o.svg, measurement);
    // After each, so that nothing is lost when a later one fails.
    if (o.json) writeFigures(o.json, figures);
  }
}
