import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../config/app-error.ts';
import { redact } from '../config/redact.ts';
import { makeModelsFolder } from './make-models-folder.ts';
import { MODEL_BYTES_LIMIT } from './model-limits.ts';
import { sha256Of } from './verify-file.ts';

/** Reaching the server and its first answer, milliseconds: a machine without a way out should learn it soon. */
const ANSWER_TIMEOUT_MS = 5000;
/** Silence in the middle of a transfer. */
const STALL_TIMEOUT_MS = 15_000;
/** A transfer that was cut goes on where it stopped, so many times. */
const ATTEMPTS = 4;

export interface FetchOptions {
  url: URL;
  /** Where the file goes when it is whole and right; its folder is made. */
  to: string;
  sha256: string;
  /** Null where it is not known. */
  bytes: number | null;
  onProgress?: (done: number, total: number | null) => void;
  signal?: AbortSignal;
  answerTimeoutMs?: number;
  stallTimeoutMs?: number;
}

export type FetchOutcome =
  | { readonly state: 'good'; readonly bytes: number }
  /** The server has something else under that name; nothing of it was kept. */
  | { readonly state: 'wrong'; readonly got: string }
  /** What came so far is kept for the next try. */
  | { readonly state: 'failed'; readonly why: string };

/**
 * Fetches a file of known SHA-256. It grows in `<to>.part`, which a later call continues (HTTP ranges), and takes its
 * name only once it is verified: whoever finds a file at `to` finds the right one.
 *
 * @throws {AppError} MODEL_DOWNLOAD_FAILED when this machine cannot store it, or `signal` ended it.
 */
export async function fetchWeights(options: FetchOptions): Promise<FetchOutcome> {
  const { to, signal } = options;
  try {
    await makeModelsFolder(dirname(to));
    const part = await claimPart(to);
    try {
      return await fetchInto(part.path, options);
    } finally {
      await part.release();
    }
  } catch (cause) {
    if (signal?.aborted) throw new AppError('MODEL_DOWNLOAD_FAILED', `the download of ${to} was cancelled`, { cause });
    throw new AppError('MODEL_DOWNLOAD_FAILED', `cannot store ${to}: ${(cause as Error).message}`, { cause });
  }
}

/** `url` as it may be shown: without user, password and query (which may hold a token). */
export function shownUrl(url: URL): string {
  return redact(`${url.protocol}//${url.host}${url.pathname}`);
}

async function fetchInto(part: string, options: FetchOptions): Promise<FetchOutcome> {
  let began = await sizeOf(part);
  for (let attempt = 1; ; attempt += 1) {
    const before = await sizeOf(part);
    const outcome = await transfer(part, before, options);
    const after = await sizeOf(part);
    if (outcome !== null) {
      // A cut in the middle of a living connection: go on. No answer at all: give up at once.
      if (after > before && outcome.state === 'failed' && attempt < ATTEMPTS) continue;
      if (outcome.state === 'wrong') await rm(part, { force: true });
      return outcome;
    }
    const got = await sha256Of(part);
    if (got === options.sha256) {
      await rename(part, options.to);
      return { state: 'good', bytes: after };
    }
    await rm(part, { force: true });
    // What an earlier call left may have been the wrong half: once more from the start.
    if (began === 0) return { state: 'wrong', got };
    began = 0;
  }
}

/** One request. Null when the part is complete as far as the server says. */
async function transfer(part: string, have: number, options: FetchOptions): Promise<FetchOutcome | null> {
  const {
    url,
    bytes,
    onProgress,
    signal,
    answerTimeoutMs = ANSWER_TIMEOUT_MS,
    stallTimeoutMs = STALL_TIMEOUT_MS,
  } = options;
  if (bytes !== null && have >= bytes) return null;
  const most = bytes ?? MODEL_BYTES_LIMIT - 1;
  const silence = new AbortController();
  const noAnswer = setTimeout(() => silence.abort(), answerTimeoutMs);
  let timer = noAnswer;
  let file: FileHandle | null = null;
  try {
    const response = await fetch(plainUrl(url), {
      headers: {
        // Compressed bytes could not be continued from a byte number.
        'accept-encoding': 'identity',
        ...(have > 0 && { range: `bytes=${have}-` }),
        ...authorization(url),
      },
      signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
    });
    clearTimeout(noAnswer);
    if (response.status === 416) {
      await response.body?.cancel();
      await rm(part, { force: true });
      return { state: 'failed', why: 'the server has a shorter file than was begun; it is started anew next time' };
    }
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      return { state: 'failed', why: `answered ${response.status} ${response.statusText}`.trim() };
    }
    const continues = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${have}-`);
    let done = continues ? have : 0;
    file = await open(part, continues ? 'a' : 'w');
    const length = Number(response.headers.get('content-length') ?? Number.NaN);
    const total = bytes ?? (Number.isFinite(length) ? done + length : null);
    // A login page or another version of the file: told by its size before it is fetched.
    if (bytes !== null && Number.isFinite(length) && done + length !== bytes) {
      await response.body.cancel();
      return { state: 'wrong', got: `a file of ${done + length} bytes instead of ${bytes}` };
    }
    onProgress?.(done, total);
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), stallTimeoutMs);
    };
    alive();
    for await (const chunk of response.body) {
      alive();
      done += chunk.length;
      if (done > most) return { state: 'wrong', got: `more than ${most} bytes` };
      await file.writeFile(chunk);
      onProgress?.(done, total);
    }
    await file.sync();
    return bytes !== null && done < bytes ? { state: 'failed', why: `ended after ${done} of ${bytes} bytes` } : null;
  } catch (error) {
    if (signal?.aborted || isLocal(error)) throw error;
    if (timer === noAnswer && silence.signal.aborted)
      return { state: 'failed', why: `no answer in ${answerTimeoutMs} ms` };
    if (silence.signal.aborted) return { state: 'failed', why: `went silent for ${stallTimeoutMs} ms` };
    return { state: 'failed', why: `could not be read (${reasonOf(error)})` };
  } finally {
    clearTimeout(timer);
    await file?.close();
  }
}

/** A disk that is full or may not be written is our trouble, not the server's. */
function isLocal(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

/** `fetch` wraps what happened; its own message says only that it failed. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  const { code, errors } = (cause ?? error) as { code?: string; errors?: { code?: string }[] };
  return redact(code ?? errors?.[0]?.code ?? (cause instanceof Error ? cause.message : message));
}

function plainUrl(url: URL): URL {
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  return plain;
}

function authorization(url: URL): { authorization?: string } {
  if (url.username === '' && url.password === '') return {};
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (found) => found.size,
    () => 0,
  );
}

const claimed = new Set<string>();

/**
 * The part file, for this process alone: two that append to one file spoil it. Who comes second gets a part of its own,
 * which is not continued later.
 */
async function claimPart(to: string): Promise<{ path: string; release(): Promise<void> }> {
  const path = `${to}.part`;
  const lock = `${path}.lock`;
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      await writeFile(lock, `${process.pid}`, { flag: 'wx' });
      claimed.add(path);
      const release = async () => {
        claimed.delete(path);
        await rm(lock, { force: true });
      };
      return { path, release };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
      // In a container every run has the same number: one of ours that we don't hold was left by a crash.
      if (holder === process.pid ? claimed.has(path) : isRunning(holder)) break;
      await rm(lock, { force: true });
    }
  }
  const own = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  return { path: own, release: () => rm(own, { force: true }) };
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
