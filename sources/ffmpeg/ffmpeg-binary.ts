import { execFile } from 'node:child_process';
import { access, chmod, constants, realpath, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { AppError } from '../../config/app-error.ts';
import { howToInstallFfmpeg } from './install-ffmpeg.ts';

/** What a build of ffmpeg was seen to understand. */
export interface FfmpegFeatures {
  /** `-fps_mode` (5.1); older ones say `-vsync`. */
  readonly fpsMode: boolean;
  /** `-autoscale 0` (4.4): a stream that changes its size comes out in its new size. */
  readonly autoscale: boolean;
  /** `option` lines in an ffconcat script (5.0): a URL and its options need not stand in argv. */
  readonly ffconcatOptions: boolean;
  /** `showinfo=checksum=0`: no checksum of every frame's pixels. */
  readonly showinfoChecksum: boolean;
  /** The RTSP option that bounds silence, in microseconds. Before 5.0 `timeout` means "listen for a connection". */
  readonly rtspTimeout: 'timeout' | 'stimeout' | null;
  /** Input devices that are built in, e.g. `v4l2`; `lavfi` draws test patterns. */
  readonly devices: readonly string[];
  /** Kinds of hardware decoding that are built in, e.g. `cuda`; whether the machine has any is another question. */
  readonly hwaccels: readonly string[];
}

export interface FfmpegBinary {
  readonly path: string;
  /** As it calls itself: `5.1.9-0+deb12u1`, `N-47683-g0e8eb07980-static`. */
  readonly version: string;
  /** Release line, derived from libavutil, so that builds from git have one too. */
  readonly major: number;
  /** Where it was found. The bundled one is of 2018: for files only. */
  readonly origin: 'settings' | 'path' | 'bundled';
  readonly can: FfmpegFeatures;
  /** All that it sees of the environment, in which passwords of cameras and keys may lie. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface FindFfmpegOptions {
  /** The setting `ffmpeg`; nothing else is looked at when it is there. */
  configured?: string;
  /** The PATH of the environment. */
  pathVariable: string | undefined;
  /** All that it is to see of the environment. Default: the PATH. */
  environment?: Readonly<Record<string, string>>;
}

type Inspection = Pick<FfmpegBinary, 'version' | 'major' | 'can'>;

const inspections = new Map<string, Promise<Inspection>>();

/**
 * The ffmpeg to use: the one of the settings, else the first on the PATH, else the one in the npm package
 * `@ffmpeg-installer/ffmpeg`. What it can do is asked of the program itself, once for each path.
 *
 * @throws {AppError} FFMPEG_NOT_FOUND with every place looked at and how to install one.
 */
export async function findFfmpeg(options: FindFfmpegOptions): Promise<FfmpegBinary> {
  const path = options.pathVariable;
  const environment = options.environment ?? (path === undefined ? {} : { PATH: path });
  const inspect = async (program: string) => ({ ...(await inspected(program, environment)), environment });
  if (options.configured !== undefined) {
    const path = options.configured;
    try {
      return { path, origin: 'settings', ...(await inspect(path)) };
    } catch (cause) {
      throw notFound(`the setting "ffmpeg" names ${path}, which does not run as ffmpeg (${said(cause)})`, cause);
    }
  }
  const failures: string[] = [];
  const onPath = await findOnPath(options.pathVariable);
  if (onPath === null) failures.push('none on the PATH');
  else {
    try {
      return { path: onPath, origin: 'path', ...(await inspect(onPath)) };
    } catch (cause) {
      failures.push(`${onPath} does not run (${said(cause)})`);
    }
  }
  const bundled = bundledPath();
  if (bundled === null) {
    failures.push(`no package @ffmpeg-installer/${process.platform}-${process.arch}`);
  } else {
    try {
      await makeExecutable(bundled);
      return { path: bundled, origin: 'bundled', ...(await inspect(bundled)) };
    } catch (cause) {
      failures.push(`${bundled} does not run (${said(cause)})`);
    }
  }
  throw notFound(`no ffmpeg was found: ${failures.join('; ')}`);
}

function notFound(what: string, cause?: unknown): AppError {
  return new AppError('FFMPEG_NOT_FOUND', `${what}. ${howToInstallFfmpeg(process.platform)}`, { cause });
}

function said(cause: unknown): string {
  return cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
}

async function findOnPath(pathVariable: string | undefined): Promise<string | null> {
  const name = process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg';
  for (const folder of (pathVariable ?? '').split(delimiter)) {
    // A relative entry would make the program depend on the working directory.
    if (!isAbsolute(folder)) continue;
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      if ((await stat(path)).isFile()) return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/** The package's own index.js looks in fewer places than Node's resolution does, and throws where it finds nothing. */
function bundledPath(): string | null {
  const require = createRequire(import.meta.url);
  const name = process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg';
  try {
    const installer = createRequire(require.resolve('@ffmpeg-installer/ffmpeg/package.json'));
    return join(dirname(installer.resolve(`@ffmpeg-installer/${process.platform}-${process.arch}/package.json`)), name);
  } catch {
    return null;
  }
}

/** npm may refuse the install script that would do this. */
async function makeExecutable(path: string): Promise<void> {
  try {
    await access(path, constants.X_OK);
  } catch {
    await chmod(path, 0o755);
  }
}

type Environment = FfmpegBinary['environment'];

async function inspected(path: string, environment: Environment): Promise<Inspection> {
  const key = await realpath(path).catch(() => path);
  const known = inspections.get(key);
  if (known) return known;
  const looking = look(path, environment);
  inspections.set(key, looking);
  // A failure is not remembered: the person may be installing it right now.
  looking.catch(() => inspections.delete(key));
  return looking;
}

// Opens nothing: `file` is not on the whitelist. An ffmpeg without `option` stops at that line.
const OPTION_SCRIPT = "ffconcat version 1.0\nfile 'file:none'\noption rtsp_transport tcp\n";

async function look(path: string, environment: Environment): Promise<Inspection> {
  const ask = (args: string[], stdin = '') => askFfmpeg(path, environment, args, stdin);
  const [version, help, showinfo, rtsp, devices, hwaccels, concat] = await Promise.all([
    ask(['-version']),
    ask(['-hide_banner', '-h', 'long']),
    ask(['-hide_banner', '-h', 'filter=showinfo']),
    ask(['-hide_banner', '-h', 'demuxer=rtsp']),
    ask(['-hide_banner', '-devices']),
    ask(['-hide_banner', '-hwaccels']),
    ask(['-hide_banner', '-protocol_whitelist', 'pipe', '-f', 'concat', '-safe', '0', '-i', 'pipe:0'], OPTION_SCRIPT),
  ]);
  const name = /^ffmpeg version (\S+)/m.exec(version)?.[1];
  const avutil = /^libavutil\s+(\d+)\./m.exec(version)?.[1];
  if (!name || !avutil) throw new Error('it does not answer -version as ffmpeg does');
  return {
    version: name,
    // libavutil 56 came with ffmpeg 4, 57 with 5, and so on.
    major: Number(avutil) - 52,
    can: {
      fpsMode: /^\s*-fps_mode\b/m.test(help),
      autoscale: /^\s*-autoscale\b/m.test(help),
      ffconcatOptions: /not on whitelist/i.test(concat) && !/unknown keyword/i.test(concat),
      showinfoChecksum: /^\s*checksum\s/m.test(showinfo),
      rtspTimeout: /^\s*-stimeout\s/m.test(rtsp) ? 'stimeout' : /^\s*-timeout\s/m.test(rtsp) ? 'timeout' : null,
      devices: ['v4l2', 'avfoundation', 'dshow', 'lavfi'].filter((device) =>
        new RegExp(`^ *D[E ]d? +(\\S+,)?${device}[ ,]`, 'm').test(devices),
      ),
      hwaccels: ['cuda', 'vaapi', 'videotoolbox', 'qsv'].filter((name) =>
        new RegExp(`^${name}\\s*$`, 'm').test(hwaccels),
      ),
    },
  };
}

/** Standard output and error together, whatever the exit code; rejects when the program cannot be run. */
function askFfmpeg(path: string, env: Environment, args: string[], stdin: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      path,
      args,
      { timeout: 15_000, killSignal: 'SIGKILL', maxBuffer: 16 * 1024 * 1024, windowsHide: true, env },
      (error, stdout, stderr) => {
        if (error && typeof error.code === 'string') reject(error);
        else if (error?.killed) reject(new Error('it did not answer within 15 s', { cause: error }));
        else resolve(`${stdout}\n${stderr}`);
      },
    );
    // It may end before it reads.
    child.stdin?.on('error', () => {});
    child.stdin?.end(stdin);
  });
}
