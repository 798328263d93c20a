import type { DoorSettings, Schedules } from '../config/door-settings.ts';
import type { EventDraft } from '../pipeline/access-event.ts';
import type { SubjectRef } from '../pipeline/face.ts';
import { ageAt, type Frame } from '../pipeline/frame.ts';
import type { FrameResult } from '../pipeline/frame-result.ts';
import type { Clock } from '../pipeline/ports.ts';
import { Confirmation } from './confirmation.ts';
import { Cooldown } from './cooldown.ts';
import { DoorPolicy } from './door-policy.ts';
import { judgeFrame } from './judge-frame.ts';
import { PictureCount } from './picture-count.ts';
import { RecentBoxes } from './recent-boxes.ts';
import {
  type DecidableFace,
  lapsedFaces,
  type RecognisedFace,
  recognisedFaces,
  type UnfitFace,
  unfitFaces,
  unknownFaces,
} from './recognised-faces.ts';

export interface DoorOptions {
  clock: Clock;
  /** Those that the settings name; one that is not among them is never open. */
  schedules?: Schedules;
}

/** What holds for the door beside what its cameras show. */
export interface DoorCircumstances {
  readonly lockedDown: boolean;
  /** The wall clock was set a moment ago. */
  readonly clockDoubtful: boolean;
}

/** Why somebody is not let in. */
export type DenialReason =
  | 'unknown'
  | 'not_allowed'
  | 'outside_schedule'
  | 'expired'
  | 'unfit'
  | 'spoof'
  | 'stale'
  | 'degraded'
  | 'locked_down';

export interface Door {
  readonly id: string;
  /**
   * What the door says to one result of one of its cameras; usually nothing. Call it as soon as the result is there: age
   * is judged at the moment of the call. Never throws.
   */
  decide(result: FrameResult, circumstances?: DoorCircumstances): EventDraft[];
  /** What was seen so far counts towards no grant any more. */
  startAnew(): void;
  /** By the schedule of the whole door, at that wall-clock moment. */
  isOpenAt(atMs: number): boolean;
  /** The door under other settings: it counts anew, and remembers for whom it opened lately. */
  succeededBy(settings: DoorSettings, schedules: Schedules): Door;
  stats(): DoorStats;
}

/** Since the door was made. The last three count pictures with a face that might have been decided on. */
export interface DoorStats {
  readonly granted: number;
  readonly denied: number;
  /** Too old when their turn came; never decided on later. */
  readonly stale: number;
  /** Taken within a second of a decode error, or while the age of the connection's pictures was not known. */
  readonly degraded: number;
  /** One of their times was not a number. */
  readonly broken: number;
}

/** A grant is void this long after its picture was taken, whatever happens to it on its way. */
export const GRANT_LIFE_MS = 2000;
/** From this on a face passes for a live one (docs/models.md). */
export const LIVE_FROM = 0.5;
/** Stands for everybody who is not known; no subject has an empty id. */
const NOBODY = '';
const USUAL: DoorCircumstances = { lockedDown: false, clockDoubtful: false };

/**
 * A door that opens for those on its list at their times, and for nobody else.
 *
 * Granted is who is on the list at that time and confirmed: recognised, fit, live where the door asks for it, in as many
 * distinct pictures of one camera as `confirm` asks for, taken within its window, none degraded, none older than `maxAge`
 * when its turn came, and none older than a grant lives. A picture in which their face does not pass for a live one takes
 * back what was counted before.
 *
 * Denied is, each by as many pictures: who is confirmed and not on the list (`not_allowed`), or not at this time
 * (`outside_schedule`); whose validity has not begun or is over (`expired`); who is confirmed as nobody's (`unknown`); all of
 * these as `locked_down` while the door is. Whose face does not pass for a live one (`spoof`, naming whom it looks like), who
 * cannot be recognised (`unfit`), and who would have been answered had the picture been young enough (`stale`) or
 * trustworthy (`degraded`). There is no tracker, so a face that is nobody's does not count where, within the window, somebody
 * was recognised in about the same place, nor an unfit one where a fit one was: one bad picture of Ada is not a stranger.
 * Everything else is silence, which opens nothing.
 *
 * After a grant the door is silent about that subject for `cooldown`; after a denial it does not repeat that denial for as
 * long. Either way it then needs a whole new confirmation.
 */
export function createDoor(settings: DoorSettings, options: DoorOptions): Door {
  return new WatchedDoor(settings, options);
}

class WatchedDoor implements Door {
  readonly id: string;
  readonly #clock: Clock;
  readonly #maxAgeMs: number;
  readonly #liveness: boolean;
  readonly #cameras: ReadonlySet<string>;
  readonly #policy: DoorPolicy;
  readonly #confirmation: Confirmation;
  /** What opens nothing is counted here, by reason and whom it is about. */
  readonly #denials: PictureCount;
  readonly #recognisedAt: RecentBoxes;
  readonly #fitAt: RecentBoxes;
  readonly #granted: Cooldown;
  readonly #denied: Cooldown;
  readonly #stats = { granted: 0, denied: 0, stale: 0, degraded: 0, broken: 0 };

  constructor(settings: DoorSettings, options: DoorOptions, grantedBefore = new Cooldown(settings.cooldown)) {
    const { matches, within: withinMs } = settings.confirm;
    this.id = settings.id;
    this.#clock = options.clock;
    this.#maxAgeMs = settings.maxAge;
    this.#liveness = settings.liveness;
    this.#cameras = new Set(settings.cameras);
    this.#policy = new DoorPolicy(settings, options.schedules ?? {});
    this.#confirmation = new Confirmation({ matches, withinMs, maxAgeMs: settings.maxAge });
    this.#denials = new PictureCount({ pictures: matches, withinMs });
    this.#recognisedAt = new RecentBoxes(withinMs);
    this.#fitAt = new RecentBoxes(withinMs);
    this.#granted = grantedBefore;
    this.#denied = new Cooldown(settings.cooldown);
  }

  decide(result: FrameResult, { lockedDown, clockDoubtful } = USUAL): EventDraft[] {
    const { frame } = result;
    if (!this.#cameras.has(frame.cameraId)) return [];
    const recognised = recognisedFaces(result);
    const lapsed = lapsedFaces(result);
    const unknown = unknownFaces(result);
    const unfit = unfitFaces(result);
    const named = [...recognised, ...lapsed];
    const fit = [...named, ...unknown];
    if (fit.length === 0 && unfit.length === 0) return [];

    const nowMs = this.#clock.monotonicMs();
    const wallMs = this.#clock.wallMs();
    const judgement = judgeFrame(frame, nowMs, Math.min(this.#maxAgeMs, GRANT_LIFE_MS));
    // The earlier of two ways to say when it was taken, in case the wall clock was set meanwhile.
    const expiresAtMs = Math.min(frame.capturedAtMs, wallMs - ageAt(frame, nowMs)) + GRANT_LIFE_MS;
    const verdict = judgement === 'usable' && !(expiresAtMs > wallMs) ? 'stale' : judgement;
    if (verdict !== 'usable' && fit.length > 0) this.#stats[verdict] += 1;
    if (verdict === 'broken') return [];

    for (const { box } of named) this.#recognisedAt.note(frame, box);
    for (const { box } of fit) this.#fitAt.note(frame, box);
    const stranger = unknown.find(({ box }) => !this.#recognisedAt.covers(frame, box));
    const moment: Moment = { result, nowMs, wallMs, expiresAtMs };

    if (verdict !== 'usable' || clockDoubtful) {
      const reason = verdict === 'stale' ? 'stale' : 'degraded';
      return [
        ...named.flatMap((face) => this.#remark(moment, reason, face, face.subject)),
        ...(stranger ? this.#remark(moment, reason, stranger, null) : []),
      ];
    }
    const because = (reason: DenialReason) => (lockedDown ? 'locked_down' : reason);
    const cannotTell = unfit.find(({ box }) => !this.#fitAt.covers(frame, box));
    return [
      ...recognised.flatMap((face) => this.#answer(moment, face, lockedDown)),
      ...lapsed.flatMap((face) => this.#deny(moment, because('expired'), face, face.subject)),
      ...(stranger ? this.#deny(moment, because('unknown'), stranger, null) : []),
      ...(cannotTell ? this.#remark(moment, 'unfit', cannotTell, null) : []),
    ];
  }

  startAnew(): void {
    this.#confirmation.withdraw();
  }

  isOpenAt(atMs: number): boolean {
    return this.#policy.isOpenAt(atMs);
  }

  succeededBy(settings: DoorSettings, schedules: Schedules): Door {
    const next = new WatchedDoor(settings, { clock: this.#clock, schedules }, this.#granted.lasting(settings.cooldown));
    Object.assign(next.#stats, this.#stats);
    return next;
  }

  stats(): DoorStats {
    return { ...this.#stats };
  }

  #answer(moment: Moment, face: RecognisedFace, lockedDown: boolean): EventDraft[] {
    const { subject, groups, liveness } = face;
    const { result, nowMs, wallMs, expiresAtMs } = moment;
    if (this.#liveness && !(liveness !== null && liveness >= LIVE_FROM)) {
      this.#confirmation.withdraw(subject.id, result.frame.cameraId);
      return this.#remark(moment, 'spoof', face, subject);
    }
    const refusal = lockedDown ? 'locked_down' : this.#policy.refusalOf({ subject, groups }, wallMs);
    if (refusal !== null) return this.#deny(moment, refusal, face, subject);
    if (this.#granted.isRunning(subject.id, nowMs)) return [];
    if (!this.#confirmation.note(subject.id, result.frame, nowMs)) return [];
    this.#granted.start(subject.id, nowMs);
    this.#stats.granted += 1;
    return [this.#draft(moment, face, { type: 'access.granted', subject, reason: null, expiresAtMs })];
  }

  /** Of pictures that a grant could rest on as well: they must be as sure, and count for one of the two. */
  #deny(moment: Moment, reason: DenialReason, face: DecidableFace, subject: SubjectRef | null): EventDraft[] {
    const who = subject?.id ?? NOBODY;
    if (this.#isSilent(reason, who, moment.nowMs)) return [];
    if (!this.#confirmation.note(who, moment.result.frame, moment.nowMs)) return [];
    return [this.#denial(moment, reason, face, subject)];
  }

  /** Of pictures that nothing rests on. */
  #remark(moment: Moment, reason: DenialReason, face: UnfitFace, subject: SubjectRef | null): EventDraft[] {
    const who = subject?.id ?? NOBODY;
    if (this.#isSilent(reason, who, moment.nowMs)) return [];
    if (!this.#denials.note(`${reason}/${who}`, moment.result.frame, moment.nowMs)) return [];
    return [this.#denial(moment, reason, face, subject)];
  }

  #isSilent(reason: DenialReason, who: string, nowMs: number): boolean {
    return this.#granted.isRunning(who, nowMs) || this.#denied.isRunning(`${reason}/${who}`, nowMs);
  }

  #denial(moment: Moment, reason: DenialReason, face: UnfitFace, subject: SubjectRef | null): EventDraft {
    this.#denied.start(`${reason}/${subject?.id ?? NOBODY}`, moment.nowMs);
    this.#stats.denied += 1;
    return this.#draft(moment, face, { type: 'access.denied', subject, reason, expiresAtMs: null });
  }

  #draft(
    { result: { frame, threshold }, wallMs }: Moment,
    { similarity, margin, quality, box }: UnfitFace,
    decision: Pick<EventDraft, 'type' | 'subject' | 'reason' | 'expiresAtMs'>,
  ): EventDraft {
    return {
      ...decision,
      door: this.id,
      camera: frame.cameraId,
      similarity,
      threshold,
      margin,
      quality,
      frameSequence: frame.sequence,
      capturedAtMs: frame.capturedAtMs,
      decidedAtMs: wallMs,
      box,
    };
  }
}

/** One result, when its turn came. */
interface Moment {
  readonly result: FrameResult & { readonly frame: Frame };
  readonly nowMs: number;
  readonly wallMs: number;
  readonly expiresAtMs: number;
}
