import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../config/app-error.ts';
import { deviceEnvironment } from '../../config/device-environment.ts';
import { interpolate } from '../../config/interpolate.ts';
import { type CameraSettings, cameraSchema } from '../../config/settings-schema.ts';
import { detectorReach } from '../../server/cameras/detector-reach.ts';
import { faceSizeOf } from '../../server/cameras/judge-face-size.ts';
import type { ImageFormat } from '../../server/pictures/decode-image.ts';
import { encodeImage } from '../../server/pictures/encode-image.ts';
import { type FfmpegBinary, findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import { listWebcams } from '../../sources/list-webcams.ts';
import { probeCamera } from '../../sources/probe-camera.ts';
import type { CommandContext } from './command-context.ts';
import { addTenantOption, type CommandSettings, oneOf, readSettings } from './settings-options.ts';

const TRANSPORTS = ['tcp', 'udp'] as const;
/** The camera's own picture, as far as the settings allow it. */
const WIDEST = 3840;

interface ProbeOptions {
  config?: string;
  tenant?: string;
  transport?: (typeof TRANSPORTS)[number];
  width?: number;
  inputSize?: number;
  picture?: string;
  insecure?: boolean;
}

export function addCamerasCommand(program: Command, context: CommandContext): void {
  const cameras = program
    .command('cameras')
    .summary('try a camera, list webcams')
    .description('Try cameras before they stand in a configuration, and find out which webcams there are.');
  const command = cameras
    .command('probe')
    .summary('open a camera once and say what is there')
    .description(
      'Opens a camera once and says what it sends, how small a face may be in it, and which settings would find smaller ones.',
    )
    .argument(
      '<url>',
      'rtsp://…, rtsps://…, http://… (MJPEG), webcam:/dev/video0, file:clip.mp4; or with -c a camera’s id',
    )
    .option('-c, --config <file>', 'configuration file (YAML): its cameras and its detector')
    .option('--transport <name>', 'tcp or udp (default: tcp)', oneOf('--transport', TRANSPORTS))
    .option('--width <pixels>', 'width of the analysed frames (default: 1280)', wholeNumber('--width'))
    .option('--input-size <pixels>', 'longest side of the detector’s input (default: 640)', wholeNumber('--input-size'))
    .option('--picture <file>', 'write the picture to a .jpg, .png or .webp file')
    .option('--insecure', 'rtsps and https: accept any certificate')
    .addHelpText(
      'after',
      `
A password need not stand on the command line, where others may read it: \${NAME} in single quotes is taken from the environment.

Examples:
  facegate cameras probe rtsp://user:password@10.0.0.5/stream1
  facegate cameras probe 'rtsp://user:\${CAMERA_PASSWORD}@10.0.0.5/stream1' --picture front.jpg
  facegate cameras probe front -c facegate.yaml`,
    );
  addTenantOption(command).action((url: string, options: ProbeOptions) => probe(url, options, context));
  cameras
    .command('devices')
    .summary('list the webcams of this machine')
    .description('Lists the webcams of this machine, each with the address that a camera’s `url` takes.')
    .action(() => devices(context));
}

async function probe(url: string, options: ProbeOptions, context: CommandContext): Promise<void> {
  // What was typed may hold a password; with it, other users' `ps` would show it for as long as this takes.
  process.title = 'facegate cameras probe';
  const { terminal } = context;
  const format = options.picture === undefined ? null : formatOf(options.picture);
  const read = readSettings(options, context);
  const camera = cameraOf(url, options, read, context.env);
  const ffmpeg = await ffmpegOf(read, context);
  terminal.status('connecting …');
  const answer = await probeCamera({ ...camera, width: WIDEST }, { ffmpeg, baseDir: read.baseDir });
  if (!answer.ok) {
    terminal.note(`facegate: ${answer.message} (${answer.code})`);
    process.exitCode = 1;
    return;
  }
  const { width, height, codec, fps, picture } = answer;
  terminal.print(`good: ${width}×${height}, ${codec}${fps === null ? '' : `, ${fps} frames a second`}`);
  const { detector } = read.settings.models;
  const inputSize = options.inputSize ?? detector.inputSize;
  const { smallestFace, better } = faceSizeOf({
    stream: { width, height },
    settings: { width: camera.width, inputSize, minFacePx: detector.minFacePx },
    reach: detectorReach(detector.model),
  });
  const { px, framePx, limitedBy } = smallestFace;
  const share = ((100 * px) / width).toFixed(1);
  terminal.print(
    `smallest face that is found: ${px} px wide, ${share} % of the picture (width ${camera.width}, inputSize ${smallestFace.inputSize}; ` +
      `limited by ${limitedBy}, ${framePx} px of the analysed frame)`,
  );
  if (better) terminal.print(`for smaller faces: width ${better.width}, inputSize ${better.inputSize}: ${better.why}`);
  if (options.picture === undefined || format === null) return;
  await writePicture(options.picture, await encodeImage(picture, format));
  terminal.print(`picture: ${options.picture}, ${picture.width}×${picture.height}`);
}

async function devices(context: CommandContext): Promise<void> {
  const { terminal } = context;
  // On Linux the system is asked, elsewhere ffmpeg.
  const { platform } = process;
  const ffmpeg = platform === 'linux' ? '' : (await ffmpegOf(readSettings({}, context), context)).path;
  const webcams = await listWebcams({ ffmpeg, platform });
  if (webcams.length === 0) {
    terminal.note('no webcam was found; plug one in, or allow this program to use it (on Linux: the group "video")');
    return;
  }
  terminal.table([['url', 'name'], ...webcams.map(({ url, name }) => [url, name])]);
}

/** The camera of the configuration that has that id, else the one behind that address. */
function cameraOf(
  url: string,
  { transport, width, insecure }: ProbeOptions,
  { settings }: CommandSettings,
  env: CommandContext['env'],
): CameraSettings {
  const given = {
    ...(transport !== undefined && { transport }),
    ...(width !== undefined && { width }),
    ...(insecure && { tls: { verify: false } }),
  };
  const configured = settings.cameras.find(({ id }) => id === url);
  if (configured) return { ...configured, ...given };
  const { value, missing } = interpolate(url, env);
  if (missing[0]) {
    throw new AppError(
      'CONFIG_SECRET_MISSING',
      `the URL needs the environment variable ${missing[0].variable}, which is not set`,
    );
  }
  const parsed = cameraSchema.safeParse({ id: 'probe', url: value, ...given });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const what = issue?.path[0] === 'width' ? `--width ${issue.message}, got ${width}` : null;
  throw new AppError('USAGE', what ?? `the URL must have 1 to 2048 characters, got ${url.length}`);
}

function ffmpegOf({ settings }: CommandSettings, { env }: CommandContext): Promise<FfmpegBinary> {
  const configured = settings.ffmpeg ?? env.FFMPEG_PATH;
  return findFfmpeg({
    ...(configured !== undefined && { configured }),
    pathVariable: env.PATH,
    environment: deviceEnvironment(env),
  });
}

const FORMATS: Record<string, ImageFormat> = { '.jpg': 'jpeg', '.jpeg': 'jpeg', '.png': 'png', '.webp': 'webp' };

function formatOf(file: string): ImageFormat {
  const format = FORMATS[extname(file).toLowerCase()];
  if (format) return format;
  throw new AppError('USAGE', `--picture must end with .jpg, .png or .webp, got "${file}"`);
}

async function writePicture(file: string, bytes: Buffer): Promise<void> {
  try {
    await writeFile(file, bytes);
  } catch (cause) {
    const said = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new AppError('USAGE', `--picture ${file} cannot be written (${said})`, { cause });
  }
}

function wholeNumber(flag: string): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (Number.isInteger(number) && number > 0) return number;
    throw new AppError('USAGE', `${flag} must be a whole number of pixels, got "${text}"`);
  };
}
