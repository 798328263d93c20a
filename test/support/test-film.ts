import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findFfmpeg } from '../../sources/ffmpeg-binary.ts';

const run = promisify(execFile);

export interface TestFilmOptions {
  /** What lavfi draws; the default has a running clock, so that no two pictures are equal. */
  picture?: string;
  seconds?: number;
  fps?: number;
  size?: string;
  /** Default `film.mp4`; the ending is the container. */
  name?: string;
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
    const { picture = 'testsrc2', seconds = 4, fps = 25, size = '640x360', name = 'film.mp4' } = options;
    const source = `${picture}${picture.includes('=') ? ':' : '='}size=${size}:rate=${fps}:duration=${seconds}`;
    const path = join(this.dir, name);
    const coding = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-bf', '0', '-g', String(fps)];
    await run(this.#ffmpeg, ['-v', 'error', '-y', '-f', 'lavfi', '-i', source, ...coding, path]);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}
