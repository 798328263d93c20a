import { spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { mirrorsFrom } from '../../config/mirrors.ts';
import { cameraSchema, type SettingsInput, settingsSchema } from '../../config/settings-schema.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { createSource } from '../../sources/create-source.ts';
import { findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import { findDemoFilm } from '../demo/demo-film.ts';
import { demoSummary } from '../demo/demo-summary.ts';
import { DEMO_NAMES, type DemoPeople, enrolPeople } from '../demo/enrol-people.ts';
import type { CommandContext } from './command-context.ts';
import { openLog } from './log.ts';
import { runTenant } from './run-tenant.ts';
import { addLogLevelOption, portNumber, readSettings, type SettingsOptions } from './settings-options.ts';

interface DemoOptions extends SettingsOptions {
  open: boolean;
}

export function addDemoCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('demo')
    .summary('see it work: a film instead of a camera, on a page in the browser')
    .description(
      'Plays a film as if it were a camera, makes some of its people known, and shows the result on a page in the browser. Keeps nothing: each demo starts anew.',
    )
    .option('--host <address>', 'address to listen on (default 127.0.0.1: this machine only)')
    .option('-p, --port <number>', 'port to listen on (default 8080; 0: any free one)', portNumber)
    .option('--no-open', 'do not open a browser')
    .option('-d, --data <folder>', 'where models and the film are kept');
  addLogLevelOption(command).action((options: DemoOptions) => demo(options, context));
}

async function demo(options: DemoOptions, context: CommandContext): Promise<void> {
  const { terminal, env } = context;
  const kept = readSettings(options, context);
  // The running log would drown the few lines that a person who tries facegate wants to read.
  const log = openLog(options.logLevel ?? 'warn');
  const ffmpeg = await findFfmpeg({
    ...(env.FFMPEG_PATH !== undefined && { configured: env.FFMPEG_PATH }),
    pathVariable: env.PATH,
  });
  const film = await findDemoFilm({
    dir: join(kept.dataDir, 'media'),
    mirrors: mirrorsFrom(env.FACEGATE_MEDIA_MIRROR),
    ffmpegPath: ffmpeg.path,
    log,
    onProgress: (done, total) => terminal.progress('fetching the film', done, total),
  });

  const dataDir = join(kept.dataDir, 'demo');
  await rm(dataDir, { recursive: true, force: true });
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const entrance = { id: 'entrance', name: 'Entrance', url: `file:${film.file}`, fps: 8, width: 1280 };
  const input: SettingsInput = {
    server: { host: kept.settings.server.host, port: kept.settings.server.port },
    cameras: [{ ...entrance, realtime: true, loop: true }],
    doors: [{ id: 'lobby', name: 'Lobby', cameras: ['entrance'], allow: [DEMO_NAMES[0]], cooldown: '4s' }],
  };
  const found: { people: DemoPeople; starter: boolean } = {
    people: { enrolled: [], strangers: 0 },
    starter: false,
  };
  terminal.note('loading the models …');
  await runTenant({
    settings: settingsSchema.parse(input),
    file: null,
    baseDir: kept.baseDir,
    dataDir,
    modelsDir: kept.modelsDir,
    galleryKey: kept.galleryKey,
    mirrors: kept.mirrors,
    modelsFolder: kept.modelsFolder,
    warnings: [],
    starter: true,
    log,
    context,
    prepare: async (tenant) => {
      const once = createSource(cameraSchema.parse(entrance), {
        ffmpeg,
        clock: systemClock,
        log,
        baseDir: kept.baseDir,
      });
      const { analyser, gallery, thresholds } = tenant;
      terminal.note('watching the film once, to make some of its people known …');
      found.people = await enrolPeople(once.frames(), { analyser, gallery, ...thresholds, source: 'demo film' });
      found.starter = tenant.starter;
    },
    listening: (address) => {
      for (const line of demoSummary({ film: film.origin, ...found })) terminal.print(line);
      if (options.open) openBrowser(address);
    },
  });
}

/** Best effort: the address was printed, so a machine without a browser loses nothing. */
function openBrowser(address: string): void {
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', address]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', address]
        : ['xdg-open', address];
  const child = spawn(command as string, args, { stdio: 'ignore', detached: true });
  child.once('error', () => undefined);
  child.unref();
}
