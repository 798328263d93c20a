import { type Observable, Subject } from 'rxjs';
import { AppError } from '../config/app-error.ts';
import type { DoorSettings, Schedules } from '../config/door-settings.ts';
import { ERROR_CODES, type ErrorCode } from '../config/error-codes.ts';
import type { AccessEvent, EventDraft } from '../pipeline/access-event.ts';
import type { AuditAction, AuditTrail } from '../pipeline/audit.ts';
import type { FrameResult } from '../pipeline/frame-result.ts';
import { faultEvent, plainEvent } from '../pipeline/plain-event.ts';
import type { Clock, Logger } from '../pipeline/ports.ts';
import { ClockWatch } from './clock-watch.ts';
import { createDoor, type Door, GRANT_LIFE_MS } from './door.ts';
import type { DoorView } from './door-view.ts';
import { FaultEpisodes } from './fault-episodes.ts';
import { judgeFrame } from './judge-frame.ts';
import { LockdownState } from './lockdown-state.ts';
import { isUnusable } from './recognised-faces.ts';
import { switchEvent } from './switch-event.ts';

export interface DoorsSettings {
  readonly doors: readonly DoorSettings[];
  readonly schedules: Schedules;
}

export interface DoorsOptions {
  settings: DoorsSettings;
  /** `doors.db`: which doors are locked down. */
  file: string;
  /**
   * Appends what the doors say of themselves to the event log.
   * @throws {AppError} EVENT_LOG_UNAVAILABLE: then nobody hears of it.
   */
  append(drafts: readonly EventDraft[]): readonly AccessEvent[];
  /** The event log: what is told there is what a door's view shows as its last. */
  events: {
    readonly events: Observable<AccessEvent>;
    read(o: { limit: number; doors: readonly string[] }): AccessEvent[];
  };
  audit: AuditTrail;
  clock: Clock;
  log: Logger;
}

/** Who set a switch, and what for. */
export interface Order {
  /** As the audit log calls them: `key NAME`, `command line (ada)`, `mqtt`. */
  readonly by: string;
  readonly reason: string | null;
}

/** What changed by other settings: the ids of the doors that came, went or decide otherwise now. */
export interface PolicyChange {
  readonly door: string;
  readonly kind: 'added' | 'removed' | 'changed';
}

interface Watched {
  readonly settings: DoorSettings;
  /** Door and schedules as one text: what differs decides otherwise. */
  readonly policy: string;
  readonly door: Door;
  last: AccessEvent | null;
}

/**
 * All doors of a tenant, and the one owner of what they are: their policies, their lock-down, what they said last. Where
 * something is the matter that it can know (a clock that was set, faces that are no numbers, a camera that is behind, an
 * empty gallery, its own state unreadable), it says so once with a `system.fault`, and nobody is let in by it.
 */
export class Doors implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #audit: AuditTrail;
  readonly #append: DoorsOptions['append'];
  readonly #state: LockdownState;
  readonly #clockWatch: ClockWatch;
  readonly #faults = new FaultEpisodes();
  readonly #changes = new Subject<DoorView>();
  readonly #hearing: { unsubscribe(): void };
  #watched = new Map<string, Watched>();
  /** Those that other settings took away; they come back when somebody mends the file. */
  readonly #gone = new Map<string, Door>();
  #schedules: Schedules = {};
  /** As they were at the last tick. */
  #openNow = new Map<string, boolean>();
  #unwritten: EventDraft[] = [];
  #tellAgainAtMs = Number.NEGATIVE_INFINITY;
  /** At the last look. */
  #stateReadable: boolean;

  /** Each door whose policy, lock-down, schedule or last event changed, as it is then. Completes at `close`. */
  readonly changes: Observable<DoorView> = this.#changes.asObservable();

  constructor({ settings, file, append, events, audit, clock, log }: DoorsOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#audit = audit;
    this.#append = append;
    this.#clockWatch = new ClockWatch(clock);
    this.#state = new LockdownState({ file, clock });
    this.#stateReadable = this.#state.isReadable;
    for (const door of settings.doors) {
      const last = lastOf(events, door.id);
      const made = createDoor(door, { clock, schedules: settings.schedules });
      this.#watched.set(door.id, { settings: door, policy: policyOf(door, settings.schedules), door: made, last });
    }
    this.#schedules = settings.schedules;
    this.#openNow = this.#schedulesNow();
    this.#hearing = events.events.subscribe((event) => this.#heard(event));
  }

  /** What all doors say to a result, faults first. Call it as soon as the result is there. Never throws. */
  decide(result: FrameResult): EventDraft[] {
    const { cameraId } = result.frame;
    const here = [...this.#watched.values()].filter(({ settings }) => settings.cameras.includes(cameraId));
    if (here.length === 0) return [];
    if (result.faces.length > 0) this.#hearNews();
    const faults = [
      ...this.#checkClock(),
      ...this.#checkFrame(result, Math.min(...here.map(({ settings }) => settings.maxAge))),
      ...this.#checkFaces(result),
    ];
    const { isDoubtful: clockDoubtful } = this.#clockWatch;
    const said: EventDraft[] = [];
    for (const { settings, door } of here) {
      try {
        said.push(...door.decide(result, { lockedDown: this.#state.isLockedDown(settings.id), clockDoubtful }));
      } catch (error) {
        this.#log.error({ err: error, door: settings.id }, 'a door failed to decide; it stays shut');
        faults.push(...this.#fault('INTERNAL', cameraId));
      }
    }
    if (said.some(({ reason }) => reason === 'stale')) faults.push(...this.#loggedFault('CAMERA_BEHIND', cameraId));
    return [...faults, ...said];
  }

  /** Looks at the clock, the schedules, and whether somebody else set a switch; call it about twice a second. Never throws. */
  tick(): void {
    try {
      this.#tell(this.#checkClock());
      this.#lookAtSwitches();
      const before = this.#openNow;
      this.#openNow = this.#schedulesNow();
      for (const [id, open] of this.#openNow) if (before.get(id) !== open) this.#changed(id);
      if (this.#clock.monotonicMs() >= this.#tellAgainAtMs) this.#tell([]);
    } catch (error) {
      this.#log.error({ err: error }, 'the doors could not be looked after; it is tried again');
    }
  }

  /**
   * Takes other settings over, between two pictures. Doors that decide as before keep what they have counted; the others
   * count anew, and remember for whom they opened lately. Lock-downs stay.
   */
  replace({ doors, schedules }: DoorsSettings): PolicyChange[] {
    const before = this.#watched;
    const changes: PolicyChange[] = [];
    this.#schedules = schedules;
    this.#watched = new Map(
      doors.map((settings) => {
        const policy = policyOf(settings, schedules);
        const known = before.get(settings.id);
        if (known?.policy === policy) return [settings.id, known];
        changes.push({ door: settings.id, kind: known ? 'changed' : 'added' });
        const door =
          (known?.door ?? this.#gone.get(settings.id))?.succeededBy(settings, schedules) ??
          createDoor(settings, { clock: this.#clock, schedules });
        this.#gone.delete(settings.id);
        return [settings.id, { settings, policy, door, last: known?.last ?? null }];
      }),
    );
    for (const [id, { door }] of before) {
      if (this.#watched.has(id)) continue;
      this.#gone.set(id, door);
      changes.push({ door: id, kind: 'removed' });
    }
    this.#openNow = this.#schedulesNow();
    this.#tell(
      changes.map(({ door, kind }) =>
        plainEvent({ type: 'door.policy_changed', door, reason: kind, decidedAtMs: this.#clock.wallMs() }),
      ),
    );
    for (const { door } of changes) this.#changed(door);
    return changes;
  }

  /**
   * From now on nothing opens the door, until `release`. Holds at once, also where it cannot be written down.
   *
   * @throws {AppError} DOOR_NOT_FOUND; DOOR_STATE_UNAVAILABLE: it is locked down until facegate ends, and not on disk.
   */
  lockDown(id: string, { by, reason }: Order): DoorView {
    const { door } = this.#get(id);
    // A release that came before this order must not be heard after it.
    this.#hearNews();
    if (this.#state.isOrdered(id)) {
      this.#state.insist(id);
      return this.view(id);
    }
    door.startAnew();
    try {
      this.#state.lockDown(id, { by, reason });
    } finally {
      this.#tell([switchEvent('door.locked_down', id, { by, reason }, this.#clock.wallMs())]);
      this.#changed(id);
      this.#record('door.locked_down', id, { by, reason });
    }
    return this.view(id);
  }

  /**
   * Ends a lock-down. What was seen meanwhile counts towards no grant.
   *
   * @throws {AppError} DOOR_NOT_FOUND; DOOR_STATE_UNAVAILABLE or AUDIT_UNAVAILABLE: it stays locked down.
   */
  release(id: string, { by, reason }: Order): DoorView {
    const { door } = this.#get(id);
    this.#hearNews();
    if (!this.#state.isLockedDown(id)) return this.view(id);
    // First: nothing is opened that is not written down.
    this.#record('door.released', id, { by, reason });
    this.#state.release(id, { by, reason });
    door.startAnew();
    this.#tell([switchEvent('door.released', id, { by, reason }, this.#clock.wallMs())]);
    this.#changed(id);
    return this.view(id);
  }

  /**
   * Opens the door once, whoever stands there: a grant of nobody, with the reason `manual`.
   *
   * @throws {AppError} DOOR_NOT_FOUND, DOOR_LOCKED_DOWN; AUDIT_UNAVAILABLE, EVENT_LOG_UNAVAILABLE: nobody hears of it.
   */
  unlock(id: string, order: Order): AccessEvent {
    this.#get(id);
    this.#hearNews();
    if (this.#state.isLockedDown(id)) {
      throw new AppError('DOOR_LOCKED_DOWN', `door "${id}" is locked down: nothing opens it until it is released`);
    }
    this.#record('door.unlocked', id, order);
    const decidedAtMs = this.#clock.wallMs();
    const expiresAtMs = decidedAtMs + GRANT_LIFE_MS;
    const draft = plainEvent({ type: 'access.granted', door: id, reason: 'manual', decidedAtMs, expiresAtMs });
    return this.#append([draft])[0] as AccessEvent;
  }

  /** In the order of the settings. */
  views(): DoorView[] {
    return [...this.#watched.keys()].map((id) => this.view(id));
  }

  /** @throws {AppError} DOOR_NOT_FOUND */
  view(id: string): DoorView {
    const { settings, door, last } = this.#get(id);
    const { name, cameras, allow, schedule, liveness, confirm, maxAge, cooldown } = settings;
    return {
      id,
      name: name ?? id,
      cameras,
      allow,
      schedule: schedule ?? null,
      liveness,
      confirm: { matches: confirm.matches, withinMs: confirm.within },
      maxAgeMs: maxAge,
      cooldownMs: cooldown,
      openNow: door.isOpenAt(this.#clock.wallMs()),
      lockdown: this.#state.lockdownOf(id),
      last,
      stats: door.stats(),
    };
  }

  /** Ids of the doors that look through this camera. */
  idsOf(cameraId: string): string[] {
    return [...this.#watched.values()]
      .filter(({ settings }) => settings.cameras.includes(cameraId))
      .map(({ settings }) => settings.id);
  }

  get settings(): DoorsSettings {
    return { doors: [...this.#watched.values()].map(({ settings }) => settings), schedules: this.#schedules };
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#hearing.unsubscribe();
    this.#changes.complete();
    this.#state.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #get(id: string): Watched {
    const found = this.#watched.get(id);
    if (found) return found;
    throw new AppError('DOOR_NOT_FOUND', `there is no door "${id}"`);
  }

  #schedulesNow(): Map<string, boolean> {
    const nowMs = this.#clock.wallMs();
    return new Map([...this.#watched].map(([id, { door }]) => [id, door.isOpenAt(nowMs)]));
  }

  #heard(event: AccessEvent): void {
    const watched = event.door === null ? undefined : this.#watched.get(event.door);
    if (!watched) return;
    // In a view it is told once more.
    watched.last = { ...event, replay: true };
    this.#changed(event.door as string);
  }

  #changed(id: string): void {
    if (this.#watched.has(id)) this.#changes.next(this.view(id));
  }

  #record(action: AuditAction, door: string, { by, reason }: Order): void {
    this.#audit.record({ action, by, subject: null, details: { door, reason } });
  }

  /** What could not be written is tried again with the next. None of these opens a door. */
  #tell(drafts: readonly EventDraft[]): void {
    this.#unwritten.push(...drafts);
    if (this.#unwritten.length === 0) return;
    try {
      this.#append(this.#unwritten);
      this.#unwritten = [];
    } catch (error) {
      this.#log.warn({ err: error }, 'what the doors say of themselves is not in the event log yet');
      this.#unwritten = this.#unwritten.slice(-MOST_UNWRITTEN);
      this.#tellAgainAtMs = this.#clock.monotonicMs() + TELL_AGAIN_AFTER_MS;
    }
  }

  #fault(code: ErrorCode, camera: string | null): EventDraft[] {
    if (!this.#faults.raise(`${code}/${camera}`, this.#clock.monotonicMs())) return [];
    return [faultEvent(code, camera, this.#clock.wallMs())];
  }

  /** A fault that nothing else writes a line about: whoever asks why no door opens reads the log first. */
  #loggedFault(code: ErrorCode, camera: string | null): EventDraft[] {
    const fault = this.#fault(code, camera);
    if (fault.length > 0) this.#log.warn({ code, camera }, ERROR_CODES[code].means);
    return fault;
  }

  #checkClock(): EventDraft[] {
    const byMs = this.#clockWatch.check();
    if (byMs === null) return [];
    const code = 'CLOCK_STEPPED';
    this.#log.warn({ code, byMs: Math.round(byMs) }, 'the wall clock was set; no door opens for ten seconds');
    for (const { door } of this.#watched.values()) door.startAnew();
    const fault = this.#fault(code, null);
    // Each step is one of its own.
    this.#faults.end('CLOCK_STEPPED/null');
    return fault;
  }

  #checkFrame({ frame }: FrameResult, inTimeMs: number): EventDraft[] {
    const { cameraId } = frame;
    const judgement = judgeFrame(frame, this.#clock.monotonicMs(), inTimeMs);
    if (judgement === 'broken') return this.#loggedFault('FRAME_TIME_INVALID', cameraId);
    this.#faults.end(`FRAME_TIME_INVALID/${cameraId}`);
    if (judgement !== 'stale') this.#faults.end(`CAMERA_BEHIND/${cameraId}`);
    return [];
  }

  #checkFaces({ frame, faces }: FrameResult): EventDraft[] {
    const { cameraId } = frame;
    const faults: EventDraft[] = [];
    if (faces.some(isUnusable)) faults.push(...this.#loggedFault('FACES_UNUSABLE', cameraId));
    else if (faces.length > 0) this.#faults.end(`FACES_UNUSABLE/${cameraId}`);
    if (faces.some(({ reason }) => reason === 'empty_gallery'))
      faults.push(...this.#loggedFault('GALLERY_EMPTY', null));
    else if (faces.some(({ similarity }) => similarity !== null)) this.#faults.end('GALLERY_EMPTY/null');
    return faults;
  }

  /** What another process has written holds from then on, not from the next tick on. Never throws. */
  #hearNews(): void {
    if (!this.#state.hasNews) return;
    try {
      this.#lookAtSwitches();
    } catch (error) {
      this.#log.error({ err: error }, 'not all that was asked of the doors could be answered');
    }
  }

  #lookAtSwitches(): void {
    const { failed, changed, asked } = this.#state.look();
    this.#noteReadable();
    if (failed) {
      const fault = this.#fault('DOOR_STATE_UNAVAILABLE', null);
      if (fault.length > 0) this.#log.error({ code: failed.code }, failed.message);
      this.#tell(fault);
    } else this.#faults.end('DOOR_STATE_UNAVAILABLE/null');
    for (const { door: id, to } of changed) {
      this.#watched.get(id)?.door.startAnew();
      this.#tell([switchEvent(to.active ? 'door.locked_down' : 'door.released', id, to, this.#clock.wallMs())]);
      this.#changed(id);
    }
    for (const request of asked) {
      this.#state.answer(request, () => this.unlock(request.door, { by: request.by, reason: request.reason }));
    }
  }

  /** Where the state cannot be read every door is locked down, and what was seen then counts for nothing afterwards. */
  #noteReadable(): void {
    if (this.#state.isReadable === this.#stateReadable) return;
    this.#stateReadable = this.#state.isReadable;
    for (const [id, { door }] of this.#watched) {
      door.startAnew();
      this.#changed(id);
    }
  }
}

/** Beyond that the oldest go: whoever cannot write for so long has other worries. */
const MOST_UNWRITTEN = 1000;
/** A log that is locked by somebody else holds this thread up at each attempt. */
const TELL_AGAIN_AFTER_MS = 5000;

/** A schedule is part of every policy that names it. */
function policyOf(door: DoorSettings, schedules: Schedules): string {
  const names = [door.schedule, ...door.allow.map(({ schedule }) => schedule)].filter((name) => name != null);
  const named = [...new Set(names)].sort().map((name) => [name, schedules[name] ?? null]);
  return JSON.stringify([door, named]);
}

function lastOf(events: DoorsOptions['events'], door: string): AccessEvent | null {
  try {
    return events.read({ limit: 1, doors: [door] })[0] ?? null;
  } catch {
    // It is for people to look at, and the log says itself that it cannot be read.
    return null;
  }
}
