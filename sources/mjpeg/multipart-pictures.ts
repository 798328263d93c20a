import { SourceError } from '../../config/app-error.ts';

/** A picture of a camera has no more bytes; beyond it is an attack or a defect. */
const MOST_BYTES = 32 * 1024 * 1024;
const MOST_HEAD_BYTES = 16 * 1024;
const LEAST_ROOM = 64 * 1024;
const HEAD_END = /\r?\n\r?\n/;

type State =
  | { readonly in: 'head' }
  | { readonly in: 'counted'; readonly left: number }
  | { readonly in: 'delimited'; searchedTo: number };

/**
 * Cuts a `multipart/x-mixed-replace` body into its JPEGs. Each part is as long as its Content-Length says; without one it reaches to
 * the next boundary, which the body's first line names.
 */
export class MultipartPictures {
  readonly #onPicture: (jpeg: Buffer) => void;
  /** What came and is not cut off yet: `#length` bytes from `#start` on. */
  #buffer: Buffer = Buffer.alloc(0);
  #start = 0;
  #length = 0;
  #boundary: Buffer | null = null;
  #state: State = { in: 'head' };

  constructor(onPicture: (jpeg: Buffer) => void) {
    this.#onPicture = onPicture;
  }

  /** @throws {SourceError} STREAM_CODEC_UNSUPPORTED for what is no such body; it is of no use after that. */
  write(chunk: Buffer): void {
    this.#append(chunk);
    if (this.#length > MOST_BYTES) throw unsupported(`a picture of more than ${MOST_BYTES / 1024 / 1024} MiB`);
    while (this.#advance());
  }

  /** @returns false where more bytes are needed. */
  #advance(): boolean {
    const state = this.#state;
    switch (state.in) {
      case 'head': {
        const bytes = this.#bytes();
        // Line breaks before the boundary belong to the part before it.
        let start = 0;
        while (start < bytes.length && (bytes[start] === 13 || bytes[start] === 10)) start += 1;
        this.#take(start);
        const text = bytes.toString('latin1', start, start + MOST_HEAD_BYTES);
        const end = HEAD_END.exec(text);
        if (!end) {
          if (text.length >= MOST_HEAD_BYTES) throw unsupported('a part without a head');
          return false;
        }
        this.#readHead(text.slice(0, end.index));
        this.#take(end.index + end[0].length);
        return true;
      }
      case 'counted': {
        if (this.#length < state.left) return false;
        this.#state = { in: 'head' };
        this.#give(this.#take(state.left));
        return true;
      }
      case 'delimited': {
        const bytes = this.#bytes();
        const end = bytes.indexOf(this.#boundary!, state.searchedTo);
        if (end < 0) {
          state.searchedTo = Math.max(0, bytes.length - this.#boundary!.length);
          return false;
        }
        this.#state = { in: 'head' };
        this.#give(this.#take(end));
        return true;
      }
    }
  }

  #readHead(head: string): void {
    const [first = '', ...lines] = head.split(/\r?\n/);
    if (!first.startsWith('--') || first.length < 3) throw unsupported('something else than parts');
    this.#boundary ??= Buffer.from(first.trimEnd(), 'latin1');
    const length = lines.map((line) => /^content-length\s*:\s*(\d{1,10})\s*$/i.exec(line)?.[1]).find(Boolean);
    if (length === undefined) this.#state = { in: 'delimited', searchedTo: 0 };
    else {
      if (Number(length) > MOST_BYTES) throw unsupported(`a picture of ${length} bytes`);
      this.#state = { in: 'counted', left: Number(length) };
    }
  }

  /** Parts that are no JPEG (some cameras send text between them) are left out. */
  #give(part: Buffer): void {
    if (part[0] === 0xff && part[1] === 0xd8) this.#onPicture(part);
  }

  #bytes(): Buffer {
    return this.#buffer.subarray(this.#start, this.#start + this.#length);
  }

  /** Makes room by doubling: a picture in thousands of pieces is copied a few times, not at every piece. */
  #append(chunk: Buffer): void {
    if (this.#start + this.#length + chunk.length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(LEAST_ROOM, 2 * (this.#length + chunk.length)));
      this.#bytes().copy(grown);
      this.#buffer = grown;
      this.#start = 0;
    }
    chunk.copy(this.#buffer, this.#start + this.#length);
    this.#length += chunk.length;
  }

  /** The bytes stay as they are: what is appended later comes behind them, or into another buffer. */
  #take(count: number): Buffer {
    const taken = this.#bytes().subarray(0, count);
    this.#start += count;
    this.#length -= count;
    return taken;
  }
}

function unsupported(what: string): SourceError {
  return new SourceError(
    'STREAM_CODEC_UNSUPPORTED',
    `the camera sends ${what}, not MJPEG in multipart/x-mixed-replace`,
  );
}
