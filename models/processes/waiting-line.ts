/** How many places in a row cameras may take while a request waits. */
const CAMERAS_PER_REQUEST = 8;

interface Waiting<T> {
  readonly value: T;
  readonly forget: () => void;
}

/**
 * Who waits for a place at the networks: cameras first, each kind in the order of arrival. Cameras that never pause would
 * keep requests out for ever (nobody could be enrolled while a file is analysed), so a waiting request gets one place in
 * nine.
 */
export class WaitingLine<Camera, Request> {
  readonly #cameras = new Set<Waiting<Camera>>();
  readonly #requests = new Set<Waiting<Request>>();
  #camerasInARow = 0;

  get cameras(): number {
    return this.#cameras.size;
  }

  get requests(): number {
    return this.#requests.size;
  }

  /** @returns what takes it out again; does nothing where it has its turn already. */
  addCamera(value: Camera): () => void {
    return join(this.#cameras, value);
  }

  addRequest(value: Request): () => void {
    return join(this.#requests, value);
  }

  /** Takes the next one out; null where nobody waits. */
  next(): { camera: Camera } | { request: Request } | null {
    const camera = first(this.#cameras);
    const request = first(this.#requests);
    if (camera && !(request && this.#camerasInARow >= CAMERAS_PER_REQUEST)) {
      camera.forget();
      this.#camerasInARow = request ? this.#camerasInARow + 1 : 0;
      return { camera: camera.value };
    }
    this.#camerasInARow = 0;
    if (!request) return null;
    request.forget();
    return { request: request.value };
  }

  /** Takes everybody out. */
  clear(): { cameras: Camera[]; requests: Request[] } {
    const cameras = [...this.#cameras].map((waiting) => waiting.value);
    const requests = [...this.#requests].map((waiting) => waiting.value);
    this.#cameras.clear();
    this.#requests.clear();
    return { cameras, requests };
  }
}

function join<T>(line: Set<Waiting<T>>, value: T): () => void {
  const waiting: Waiting<T> = { value, forget: () => line.delete(waiting) };
  line.add(waiting);
  return waiting.forget;
}

function first<T>(line: Set<Waiting<T>>): Waiting<T> | undefined {
  return line.values().next().value;
}
