import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOnPath } from '../tenants/limits/launch-plan.ts';
import { processorsOf } from '../tenants/limits/processor-list.ts';
import { emptyFilm, film } from './materials.ts';
import type { BenchOptions } from './options.ts';
import type { Measurement } from './report.ts';
import { arrangementRatios, arrangementRows, badAnswers } from './tenants/arrangement-figures.ts';
import { Arrangements } from './tenants/arrangements.ts';
import { endWithUs } from './tenants/end-with-us.ts';
import { manyRatios, manyRows } from './tenants/many-figures.ts';
import { measureManyTenants } from './tenants/many-tenants.ts';
import { neighbourRatios, neighbourRows, processorSplit, VICTIM } from './tenants/neighbour-figures.ts';
import { Neighbours, type NeighboursOptions } from './tenants/neighbours.ts';
import { questionsOf } from './tenants/questions.ts';
import type { RoundValues } from './tenants/round-values.ts';

const ROUNDS = 5;
const SECONDS = 10;
const TENANTS = 20;
const SMALL_FILM = { size: '640x360', fps: 5, seconds: 10 };

/**
 * What it costs to live in a tenant beside others, and what others can do to it: two networks in each arrangement, three
 * tenants of which one is loaded and killed, and many tenants on one machine.
 */
export async function measureTenants(options: BenchOptions = {}): Promise<Measurement> {
  const { rounds = ROUNDS, seconds = SECONDS, tenants = TENANTS } = options;
  if (process.platform !== 'linux' || !findOnPath('taskset', process.env.PATH))
    throw new Error('this bench needs Linux and the program taskset: it holds programs to processors');
  const processors = allowedProcessors();
  const split = processorSplit(processors);
  const folder = mkdtempSync(join(tmpdir(), 'facegate-bench-'));
  using _ = endWithUs(folder);
  try {
    const arrangements = new Arrangements({ folder, seconds, questions: await questionsOf(film()), say });
    for (let round = 0; round < rounds; round += 1) {
      say(`arrangements, round ${round + 1} of ${rounds}`);
      await arrangements.round(round);
    }
    const neighbours = await measureNeighbours(
      { folder, seconds, split, questions: arrangements.questions, say },
      rounds,
    );
    const many = await measureManyTenants({
      folder,
      film: smallFilm(folder),
      tenants,
      seconds: Math.max(seconds, 5),
      processors,
      say,
    });
    return {
      part: 'tenants',
      rows: [
        ...arrangementRows(arrangements.values),
        {
          name: 'answers that were wrong or missing where nothing was killed',
          values: [badAnswers(arrangements.values)],
          unit: 'answers',
        },
        ...neighbourRows(neighbours),
        ...manyRows(many),
      ],
      ratios: [...arrangementRatios(arrangements.values), ...neighbourRatios(neighbours), ...manyRatios(many)],
      remarks: [
        `two networks, as \`auto\` chooses them, and one inference process with both, a thread or process for each; pictures of 1280×720 of ${film().split('/').at(-1)}; /compare looks at two, /detect at one`,
        `arrangements: each started anew in each round, called by a program of its own without a pause for ${seconds} s (/detect for half of that), all of it on all processors; containers: not measured, no container engine`,
        'overloaded: 10 calls under way at a time by another program on /compare; beside a busy generator: that program does the same with a server that knows one answer. Callers of one facegate share it whatever its arrangement; tenants are below. A crash in a thread ends the program, so nothing is killed there',
        `three tenants: ${VICTIM} and the load generator on processors ${split.loaded}, two others, who calls them and the gateway on ${split.others}: what the gateway does for the loaded one counts against the others. The null server is where ${VICTIM} is, asked the same at the same concurrency of 10, as fast as both can; so both sides of a ratio have all processors busy`,
        `delay of the main thread: of each process by itself, phase by phase, the tenants’ by their metrics. ${VICTIM} has no figure of the phase in which it is killed; the limit is that of who calls them, a program with next to nothing to do on the others’ processors`,
        `the two others are called in turn, one call at a time, a pair of one person and a pair of two; every answer is held to what the first facegate alone said (a cosine within 0.02)`,
        `${tenants} tenants: the smaller networks at an input of 320, a film of ${SMALL_FILM.size} at ${SMALL_FILM.fps} frames/s played at its own speed, 1 frame/s analysed; each tenant held to one processor in turn, so it has one inference process. Memory: proportional (PSS), pages that processes share divided among them`,
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureNeighbours(options: NeighboursOptions, rounds: number): Promise<RoundValues> {
  await using neighbours = await Neighbours.open(options);
  for (let round = 0; round < rounds; round += 1) {
    say(`three tenants, round ${round + 1} of ${rounds}`);
    await neighbours.round(round);
  }
  return neighbours.values;
}

/** Those that this process may run on. */
function allowedProcessors(): number[] {
  const said = execFileSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' });
  return processorsOf(said.slice(said.lastIndexOf(':') + 1)) ?? [];
}

/** Traffic, small enough that twenty decoders leave the processors to what is measured. */
function smallFilm(folder: string): string {
  const file = join(folder, 'small.mp4');
  const { size, fps, seconds } = SMALL_FILM;
  const filters = `scale=${size.replace('x', ':')},fps=${fps}`;
  const args = ['-v', 'error', '-stream_loop', '-1', '-i', emptyFilm(), '-t', String(seconds), '-vf', filters];
  execFileSync('ffmpeg', [...args, '-an', '-c:v', 'libx264', '-preset', 'veryfast', file]);
  return file;
}

function say(text: string): void {
  process.stderr.write(`tenants: ${text}\n`);
}
