import type { Observable } from 'rxjs';
import type { AccessEvent } from '../../pipeline/access-event.ts';

/** An event that a webhook has taken over and not yet delivered. */
export interface Letter {
  /** In the order of taking over; unique among all sinks. */
  readonly number: number;
  readonly event: AccessEvent;
  /** How often it was tried. */
  readonly attempts: number;
}

/** What became of an attempt. */
export type Outcome = {
  readonly number: number;
} & (
  | { readonly kind: 'delivered' }
  /** To be tried again at that wall-clock moment. */
  | { readonly kind: 'later'; readonly dueAtMs: number; readonly error: string }
  /** Not tried again by itself. */
  | { readonly kind: 'dead'; readonly deadAtMs: number; readonly error: string }
);

/** An event that was given up. */
export interface DeadLetter {
  readonly event: AccessEvent;
  readonly attempts: number;
  readonly deadAtMs: number;
  /** What the last attempt met: a sentence without credentials. */
  readonly error: string;
}

/** Whether a webhook is to be sent to at all. */
export interface EndpointState {
  /** Null while it is sent to. */
  readonly disabledAtMs: number | null;
  readonly reason: string | null;
}

/**
 * Where webhooks keep what they have taken over, on disk: what `take` and `resend` acknowledged survives a SIGKILL and a power
 * cut. One for all webhooks of a tenant; `sink` is the id of one of them. All of it throws SINK_STORE_UNAVAILABLE.
 */
export interface Outbox {
  /** Takes events over, in this order; one that is held already stays as it is. Returns those that were new. */
  take(sink: string, events: readonly AccessEvent[]): readonly Letter[];
  /** The next one, after `number`, that was never tried. */
  nextNew(sink: string, number: number): Letter | null;
  /** Those to be tried again by now, longest due first; also those due later than `latestMs`: somebody set the clock. */
  due(sink: string, o: { nowMs: number; latestMs: number; limit: number }): readonly Letter[];
  /** When the next one after `nowMs` is to be tried again. */
  nextDueAtMs(sink: string, nowMs: number): number | null;
  settle(outcomes: readonly Outcome[]): void;
  counts(sink: string): { readonly waiting: number; readonly dead: number };
  /** The newest first. */
  dead(sink: string, o: { limit: number }): readonly DeadLetter[];
  /** Dead letters with these event ids, or all of them, are tried again, with the whole schedule. Returns how many. */
  resend(sink: string, ids: readonly string[] | 'all', nowMs: number): number;
  /** @param fingerprint of the settings that count; an endpoint whose settings changed is enabled again. */
  open(sink: string, fingerprint: string): EndpointState;
  endpoint(sink: string): EndpointState;
  disable(sink: string, reason: string, nowMs: number): void;
  /** Returns whether it was disabled. */
  enable(sink: string): boolean;
  /** Another process (the command line) changed something, within a second. */
  readonly changes: Observable<void>;
}
