import type { InferenceLink } from './inference-link.ts';
import { WaitingLine } from './waiting-line.ts';

interface CameraWaiting {
  readonly grant: () => void;
  readonly reject: (reason: unknown) => void;
}

export interface PlacesOptions<Call> {
  /** Processes that take pictures now. */
  readonly links: ReadonlySet<InferenceLink>;
  /** Gives a process the call; its load counts from then on. */
  readonly run: (call: Call, link: InferenceLink) => void;
}

/**
 * Who may hand over a picture next. A process offers as many places as it may hold pictures; cameras get a place first
 * and hand over their picture then, requests wait with theirs.
 */
export class Places<Call> {
  readonly #options: PlacesOptions<Call>;
  readonly #waiting = new WaitingLine<CameraWaiting, Call>();
  /** They have a place and no process yet: of a reserved place until the next `pump`, or while processes are replaced. */
  readonly #granted = new Set<Call>();
  /** Places handed out whose picture has not come yet. */
  #reserved = 0;

  constructor(options: PlacesOptions<Call>) {
    this.#options = options;
  }

  /** Cameras, requests and calls without a process. */
  get waiting(): number {
    return this.#waiting.cameras + this.#waiting.requests + this.#granted.size;
  }

  get waitingRequests(): number {
    return this.#waiting.requests;
  }

  /** Resolves with a place, which `occupy` or `giveBack` end. */
  async reserve(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const leave = this.#waiting.addCamera({
        grant: () => {
          signal?.removeEventListener('abort', aborted);
          resolve();
        },
        reject: (reason) => {
          signal?.removeEventListener('abort', aborted);
          reject(reason);
        },
      });
      const aborted = () => {
        leave();
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', aborted, { once: true });
      this.pump();
    });
  }

  giveBack(): void {
    this.#reserved -= 1;
    this.pump();
  }

  /** A reserved place gets its picture. @returns what takes it out again while no process has it. */
  occupy(call: Call): () => void {
    this.#reserved -= 1;
    this.#granted.add(call);
    return () => this.#granted.delete(call);
  }

  /** For a call whose picture has had its place elsewhere: before all who wait. @returns as `occupy` does. */
  goFirst(call: Call): () => void {
    this.#granted.add(call);
    return () => this.#granted.delete(call);
  }

  /** @returns what takes it out again while no process has it. */
  queue(call: Call): () => void {
    const leave = this.#waiting.addRequest(call);
    return () => {
      leave();
      this.#granted.delete(call);
    };
  }

  /** Hands out what is free; to be called whenever something became so. */
  pump(): void {
    for (const call of this.#granted) {
      const link = this.#leastLoaded();
      if (!link) break;
      this.#granted.delete(call);
      this.#options.run(call, link);
    }
    while (this.#taken() < this.#all()) {
      const next = this.#waiting.next();
      if (!next) return;
      if ('camera' in next) {
        this.#reserved += 1;
        next.camera.grant();
      } else {
        const link = this.#leastLoaded();
        if (link) this.#options.run(next.request, link);
        else this.#granted.add(next.request);
      }
    }
  }

  /** Turns cameras away. @returns the calls that wait: theirs to reject. */
  clear(reason: unknown): Call[] {
    const { cameras, requests } = this.#waiting.clear();
    for (const camera of cameras) camera.reject(reason);
    return [...requests, ...this.#granted];
  }

  #all(): number {
    let depths = 0;
    for (const link of this.#options.links) depths += link.depth;
    return depths;
  }

  #taken(): number {
    let loads = 0;
    for (const link of this.#options.links) loads += link.load;
    return this.#reserved + this.#granted.size + loads;
  }

  #leastLoaded(): InferenceLink | null {
    let best: InferenceLink | null = null;
    let least = 1;
    for (const link of this.#options.links) {
      const filled = link.load / link.depth;
      if (filled < least) [best, least] = [link, filled];
    }
    return best;
  }
}
