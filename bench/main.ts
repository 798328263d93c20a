// npm run bench -- PART…: measures in one run, prints tables for people, and with --json FILE numbers for machines.
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { type Measurement, machine, render } from './report.ts';

const PARTS: Record<string, { about: string; run: () => Promise<Measurement> }> = {
  pipeline: {
    about: 'the whole pipeline on a film, beside a bare loop over the same networks and beside a Python script',
    run: async () => (await import('./pipeline.ts')).measurePipeline(),
  },
  rtsp: {
    about: 'a minute of a real RTSP camera at 5 frames a second, and what happens when its film ends',
    run: async () => (await import('./rtsp-minute.ts')).measureRtspMinute(),
  },
  'event-loop': {
    about: 'how late the main thread is while two cameras are analysed at full load',
    run: async () => (await import('./event-loop.ts')).measureEventLoop(),
  },
  isolation: {
    about: 'what it costs a network to live beside others: alone, in threads, in processes; latency and memory',
    run: async () => (await import('./isolation.ts')).measureIsolation(),
  },
  search: {
    about: 'search of galleries of several sizes, beside one pass over their bytes and beside NumPy',
    run: async () => (await import('./search.ts')).measureSearch(),
  },
  'stalled-viewer': {
    about: 'what a live viewer that stops reading costs the server and the others',
    run: async () => (await import('./stalled-viewer.ts')).measureStalledViewer(),
  },
};

const command = new Command('bench')
  .argument('<parts...>', Object.keys(PARTS).join(', '))
  .option('--json <file>', 'write the figures to a file')
  .addHelpText(
    'after',
    `\nParts:\n${Object.entries(PARTS)
      .map(([name, { about }]) => `  ${name.padEnd(16)}${about}`)
      .join('\n')}`,
  )
  .action(async (names: string[], options: { json?: string }) => {
    const unknown = names.filter((name) => !(name in PARTS));
    if (unknown.length > 0)
      command.error(`unknown part ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}`);
    const measured: Measurement[] = [];
    process.stdout.write(`${machine()}\n`);
    for (const name of names) {
      const measurement = await (PARTS[name] as (typeof PARTS)[string]).run();
      measured.push(measurement);
      process.stdout.write(`\n${render(measurement)}\n`);
    }
    if (options.json) writeFileSync(options.json, `${JSON.stringify({ machine: machine(), measured }, null, 2)}\n`);
  });
await command.parseAsync();
