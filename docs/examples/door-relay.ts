/*
 * A controller that opens doors on facegate's word: a reference for whoever builds one. It fails closed: whatever is missing,
 * late, repeated, out of order or not understood opens nothing.
 *
 *   npm init -y && npm pkg set type=module && npm install ws     once, in a folder of its own; Node 22.18 or newer
 *   FACEGATE_KEY=fg_… DOORS=lobby node door-relay.ts                      prints "OPEN lobby <event id>" on stdout
 *   FACEGATE_KEY=fg_… DOORS=lobby RELAY=/usr/local/bin/pulse node door-relay.ts   and runs "pulse lobby <event id>"
 *
 * The key needs the scope `read` and nothing else: facegate keys create relay --scope read
 *
 *   FACEGATE_URL   default http://127.0.0.1:8080. Beyond this machine it must be https: whoever can change what comes over the
 *                  wire can open the door.
 *   STATE_FILE     default ./door-relay.json: where it has got. Without it, it begins with what happens from now on.
 *
 * The people inside must get out without it: a door's exit side never depends on this program, on facegate or on power.
 */
import { spawn } from 'node:child_process';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** A grant lives for at most this long; one that says it lives longer comes from another clock. */
const LONGEST_LIFE_MS = 2000;
/** How far this machine's clock and facegate's may be apart. Keep both on NTP. */
const CLOCK_TOLERANCE_MS = 500;
/** The HTTP date has whole seconds: what it shows of the clocks is this rough. */
const DATE_ROUGHNESS_MS = 1000;
/** facegate pings every 30 s. */
const SILENT_FOR_MS = 75_000;
const REQUEST_WITHIN_MS = 5000;
const RELAY_WITHIN_MS = 5000;
const PAUSES_MS = { first: 500, most: 15_000 };
/** A connection that lasted so long makes the pauses short again. */
const STEADY_AFTER_MS = 10_000;
const IDS_REMEMBERED = 1000;
const SAVE_EVERY_MS = 1000;

interface AccessEvent {
  readonly id: string;
  readonly sequence: number;
  readonly type: string;
  readonly door: string | null;
  readonly decidedAt: string;
  readonly expiresAt: string | null;
  readonly replay: boolean;
}

const { key, url, doors, stateFile, relay } = readSettings();
const state = readState();
/** Doors that are locked down: facegate grants nothing there, and this program would not believe it if it did. */
let locked = new Set<string>();
/** False while the clocks differ, or it is not known. */
let clocksAgree = false;
/** The number after which a gap was met, to ask once more before it is believed. */
let gapAfter: number | null = null;
let savedAtMs = -SAVE_EVERY_MS;
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());

let pauseMs = PAUSES_MS.first;
while (!stopping.signal.aborted) {
  const begunMs = performance.now();
  try {
    const why = await attend();
    say(`the connection is over: ${why}`);
  } catch (error) {
    say(`no connection: ${error instanceof Error ? error.message : String(error)}`);
  }
  pauseMs = performance.now() - begunMs > STEADY_AFTER_MS ? PAUSES_MS.first : Math.min(pauseMs * 2, PAUSES_MS.most);
  await wait(pauseMs * (0.5 + Math.random() / 2), undefined, { signal: stopping.signal }).catch(() => undefined);
}

/** One connection, from its beginning to its end. Returns why it ended. */
async function attend(): Promise<string> {
  const { body, dateMs } = await ask('/doors');
  const known = (body as { doors: { id: string; lockdown: unknown }[] }).doors;
  locked = new Set(known.filter(({ lockdown }) => lockdown !== null).map(({ id }) => id));
  for (const door of doors) {
    if (!known.some(({ id }) => id === door)) say(`facegate has no door "${door}": it will never open`);
  }
  const apartMs = Math.abs(Date.now() - dateMs);
  clocksAgree = apartMs <= CLOCK_TOLERANCE_MS + DATE_ROUGHNESS_MS;
  if (!clocksAgree) say(`no door opens: this clock and facegate's are about ${Math.round(apartMs / 1000)} s apart`);
  if (state.sequence === null) {
    // From now on, and from a number: what happens until the socket is open is not missed.
    moveTo(((await ask('/events?limit=1')).body as { latest: number }).latest);
  }

  const address = new URL(`/ws/events?since=${state.sequence}`, url.replace(/^http/, 'ws'));
  const socket = new WebSocket(address, {
    headers: { authorization: `Bearer ${key}` },
    handshakeTimeout: REQUEST_WITHIN_MS,
    maxPayload: 65_536,
  });
  return new Promise((resolve, reject) => {
    // A peer that vanished without a word.
    let silence = setTimeout(() => socket.terminate(), SILENT_FOR_MS);
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => socket.terminate(), SILENT_FOR_MS);
    };
    const stop = () => socket.close(1000);
    stopping.signal.addEventListener('abort', stop);
    socket.on('open', () => say(`listening from event ${state.sequence} on`));
    socket.on('ping', heard);
    let isOver = false;
    socket.on('message', (data, isBinary) => {
      // What had come already when it was ended.
      if (isOver) return;
      heard();
      // What is not understood ends the connection: the next one begins after the last event that was.
      isOver = isBinary || !take(String(data));
      if (isOver) socket.terminate();
    });
    socket.on('error', reject);
    socket.on('close', (code, reason) => {
      clearTimeout(silence);
      stopping.signal.removeEventListener('abort', stop);
      save();
      resolve(`${code} ${reason}`.trim());
    });
  });
}

/** @returns false when the connection is to be made anew. */
function take(text: string): boolean {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    say('a message is not JSON');
    return false;
  }
  if (isCursorGone(message)) {
    const from = Math.max(message.oldest - 1, 0);
    say(`events after ${state.sequence} are not there any more; going on after ${from}`);
    moveTo(from);
    return false;
  }
  if (!isEvent(message)) {
    say('a message is no event');
    return false;
  }
  const event = message;
  const last = state.sequence ?? 0;
  if (event.sequence <= last) {
    say(`event ${event.sequence} came again`);
    return true;
  }
  const isGap = event.sequence !== last + 1;
  if (isGap && gapAfter !== last) {
    say(`events are missing after ${last}: asking again`);
    gapAfter = last;
    return false;
  }
  if (isGap) say(`the events ${last + 1} to ${event.sequence - 1} are missing`);
  if (event.type === 'door.locked_down' && event.door !== null) locked.add(event.door);
  if (event.type === 'door.released' && event.door !== null) locked.delete(event.door);

  const refusal = whyNot(event, isGap, Date.now());
  // Written down before the door opens: after a crash in between, whoever stands there is asked again, and no door opens twice.
  moveTo(event.sequence, event.type === 'access.granted' ? event.id : undefined);
  if (refusal === null) open(event);
  else if (event.type === 'access.granted') say(`event ${event.sequence} opens nothing: ${refusal}`);
  return true;
}

/** Why an event opens no door; null where it does. */
function whyNot(event: AccessEvent, isGap: boolean, nowMs: number): string | null {
  if (event.type !== 'access.granted') return 'it is no grant';
  if (event.door === null || !doors.includes(event.door)) return 'it is about another door';
  if (event.replay !== false) return 'it is a replay';
  if (isGap) return 'it came after a gap';
  if (state.granted.includes(event.id)) return 'it came before';
  if (locked.has(event.door)) return 'the door is locked down';
  if (!clocksAgree) return 'the clocks do not agree';
  const decidedMs = Date.parse(event.decidedAt);
  const expiresMs = Date.parse(event.expiresAt ?? '');
  // Each comparison is written so that what is no number refuses.
  if (!(decidedMs <= nowMs + CLOCK_TOLERANCE_MS)) return 'it was decided in the future';
  if (!(expiresMs <= nowMs + LONGEST_LIFE_MS + CLOCK_TOLERANCE_MS)) return 'it would be valid for too long';
  if (!(nowMs < expiresMs)) return `it is ${nowMs - expiresMs} ms too late`;
  return null;
}

function open({ door, id, sequence }: AccessEvent): void {
  say(`event ${sequence} opens ${door}`);
  process.stdout.write(`OPEN ${door} ${id}\n`);
  if (relay === null) return;
  // No shell: nothing of an event is ever read as a command.
  const child = spawn(relay, [door as string, id], {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: RELAY_WITHIN_MS,
    killSignal: 'SIGKILL',
  });
  child.on('error', (error) => say(`the relay of ${door} could not be run: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (code !== 0) say(`the relay of ${door} failed (${code ?? signal})`);
  });
}

async function ask(path: string): Promise<{ body: unknown; dateMs: number }> {
  const answer = await fetch(new URL(path, url), {
    headers: { authorization: `Bearer ${key}` },
    redirect: 'error',
    signal: AbortSignal.any([AbortSignal.timeout(REQUEST_WITHIN_MS), stopping.signal]),
  });
  const body: unknown = await answer.json();
  if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${(body as { message?: string }).message}`);
  return { body, dateMs: Date.parse(answer.headers.get('date') ?? '') };
}

function isEvent(message: unknown): message is AccessEvent {
  const { id, sequence, type, door } = (message ?? {}) as Partial<Record<keyof AccessEvent, unknown>>;
  return (
    typeof id === 'string' &&
    Number.isSafeInteger(sequence) &&
    typeof type === 'string' &&
    (door === null || typeof door === 'string')
  );
}

function isCursorGone(message: unknown): message is { oldest: number } {
  const { type, code, oldest } = (message ?? {}) as { type?: unknown; code?: unknown; oldest?: unknown };
  return type === 'error' && code === 'EVENT_CURSOR_GONE' && Number.isSafeInteger(oldest);
}

function moveTo(sequence: number, granted?: string): void {
  state.sequence = sequence;
  if (granted !== undefined) state.granted = [...state.granted, granted].slice(-IDS_REMEMBERED);
  // What is no grant comes again after a crash, and does nothing.
  if (granted !== undefined || performance.now() - savedAtMs > SAVE_EVERY_MS) save();
}

/** The file is whole at every moment. A state that cannot be written ends the program: it would open doors twice. */
function save(): void {
  savedAtMs = performance.now();
  const next = `${stateFile}.next`;
  const file = openSync(next, 'w', 0o600);
  writeSync(file, JSON.stringify(state));
  fsyncSync(file);
  closeSync(file);
  renameSync(next, stateFile);
}

/** `sequence`: of the last event; `granted`: ids of the last grants, newest last. */
function readState(): { sequence: number | null; granted: string[] } {
  let text: string;
  try {
    text = readFileSync(stateFile, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { sequence: null, granted: [] };
    throw error;
  }
  const { sequence, granted } = JSON.parse(text) as { sequence: unknown; granted: unknown };
  if (Number.isSafeInteger(sequence) && Array.isArray(granted)) return { sequence: sequence as number, granted };
  throw new Error(`${stateFile} is not a state of this program; take it away to begin with what happens from now on`);
}

function readSettings() {
  const { FACEGATE_KEY, FACEGATE_URL = 'http://127.0.0.1:8080', DOORS = '', STATE_FILE, RELAY } = process.env;
  const doors = DOORS.split(',').filter((door) => door !== '');
  if (!FACEGATE_KEY) fail('FACEGATE_KEY must hold a key with the scope read');
  if (doors.length === 0) fail('DOORS must name the doors that this opens, like lobby,gate');
  if (!URL.canParse(FACEGATE_URL)) fail('FACEGATE_URL must be an address like https://facegate.example.com');
  const { protocol, hostname } = new URL(FACEGATE_URL);
  const isHere = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
  if (protocol !== 'https:' && !(protocol === 'http:' && isHere))
    fail('FACEGATE_URL must be https beyond this machine');
  return {
    key: FACEGATE_KEY,
    url: FACEGATE_URL,
    doors,
    stateFile: STATE_FILE ?? 'door-relay.json',
    relay: RELAY || null,
  };
}

function fail(message: string): never {
  say(message);
  process.exit(78);
}

/** stdout is for the relay. */
function say(message: string): void {
  process.stderr.write(`${new Date().toISOString()} ${message}\n`);
}
