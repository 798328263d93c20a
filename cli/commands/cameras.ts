import type { Command } from 'commander';
import { AppError } from '../../config/app-error.ts';
import { cameraSchema } from '../../config/settings-schema.ts';
import { findFfmpeg } from '../../sources/ffmpeg-binary.ts';
import { probeCamera } from '../../sources/probe-camera.ts';
import type { CommandContext } from './command-context.ts';
import { oneOf } from './settings-options.ts';

const TRANSPORTS = ['tcp', 'udp'] as const;

interface ProbeOptions {
  transport: (typeof TRANSPORTS)[number];
}

export function addCamerasCommand(program: Command, context: CommandContext): void {
  const cameras = program
    .command('cameras')
    .summary('try a camera')
    .description('Try cameras before they stand in a configuration.');
  cameras
    .command('probe')
    .summary('open a camera once and say what is there')
    .description('Opens a camera once, takes a picture, and says what is there.')
    .argument('<url>', 'rtsp://…, rtsps://…, webcam:/dev/video0 or file:clip.mp4')
    .option('--transport <name>', 'tcp or udp', oneOf('--transport', TRANSPORTS), 'tcp')
    .addHelpText('after', '\nExample:\n  facegate cameras probe rtsp://user:password@10.0.0.5/stream1')
    .action((url: string, options: ProbeOptions) => probe(url, options, context));
}

async function probe(url: string, { transport }: ProbeOptions, { terminal, env }: CommandContext): Promise<void> {
  const ffmpeg = await findFfmpeg({
    ...(env.FFMPEG_PATH !== undefined && { configured: env.FFMPEG_PATH }),
    pathVariable: env.PATH,
  });
  const { data: camera, success } = cameraSchema.safeParse({ id: 'probe', url, transport });
  if (!success) throw new AppError('USAGE', `the URL must have 1 to 2048 characters, got ${url.length}`);
  const answer = await probeCamera(camera, { ffmpeg, baseDir: process.cwd() });
  if (answer.ok) {
    const fps = answer.fps === null ? '' : `, ${answer.fps} frames a second`;
    terminal.print(`good: ${answer.width}×${answer.height}, ${answer.codec ?? 'unknown codec'}${fps}`);
    return;
  }
  terminal.note(`facegate: ${answer.message} (${answer.code})`);
  process.exitCode = 1;
}
