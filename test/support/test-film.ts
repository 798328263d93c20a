import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';

const run = promisify(execFile);

export interface TestFilmOptions {
  /** What lavfi draws; the default has a running clock, so that no two pictures are equal. */
  picture?: string;
  seconds?: number;
  fps?: number;
  size?: string;
  /** Default `film.mp4`; the ending is the container. */
  name?: string;
  /** Default `h264`. */
  codec?: 'h264' | 'h265';
}

/** A folder of films that are drawn on the spot, with whichever ffmpeg there is; it goes away with its test. */
export class TestFilms implements AsyncDisposable {
  readonly dir: string;
  readonly #ffmpeg: string;

  private constructor(dir: string, ffmpeg: string) {
    this.dir = dir;
    this.#ffmpeg = ffmpeg;
  }

  static async create(): Promise<TestFilms> {
    const { path } = await findFfmpeg({ pathVariable: process.env.PATH });
    return new TestFilms(await mkdtemp(join(tmpdir(), 'facegate-film-')), path);
  }

  /** H.264 without B-frames and with a key frame every second, as cameras send it. @returns its path. */
  async draw(options: TestFilmOptions = {}): Promise<string> {
    const {
      picture = 'testsrc2',
      seconds = 4,
      fps = 25,
      size = '640x360',
      name = 'film.mp4',
      codec = 'h264',
    } = options;
    const source = `${picture}${picture.includes('=') ? ':' : '='}size=${size}:rate=${fps}:duration=${seconds}`;
    return this.#encode(source, { name, fps, codec });
  }

  /** The same of a chain of filters that begins with a source of pictures; what follows its first comma is applied to it. */
  async drawFiltered({
    picture,
    name,
    fps = 25,
    size = '640x360',
  }: {
    picture: string;
    name: string;
    fps?: number;
    size?: string;
  }): Promise<string> {
    const [source, ...filters] = picture.split(',');
    return this.#encode([`${source}=size=${size}:rate=${fps}`, ...filters].join(','), { name, fps, codec: 'h264' });
  }

  async #encode(
    source: string,
    { name, fps, codec }: { name: string; fps: number; codec: 'h264' | 'h265' },
  ): Promise<string> {
    const path = join(this.dir, name);
    const coding = {
      h264: ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', String(fps)],
      h265: [
        '-c:v',
        'libx265',
        '-preset',
        'ultrafast',
        '-x265-params',
        `log-level=0:bframes=0:keyint=${fps}`,
        '-tag:v',
        'hvc1',
      ],
    }[codec];
    const input = ['-f', 'lavfi', '-i', source];
    await run(this.#ffmpeg, ['-v', 'error', '-y', ...input, ...coding, '-pix_fmt', 'yuv420p', path]);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}
