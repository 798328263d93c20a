import type { AccessEvent } from '../../../pipeline/access-event.ts';

/** One of `GET /sinks` (docs/protocol.md). Times are ISO 8601. */
export interface SinkView {
  id: string;
  /** `webhook`, `mqtt`, `file`. */
  type: string;
  state: 'delivering' | 'waiting' | 'disabled' | 'closed';
  /** Number of the last event that it needs no more. */
  cursor: number;
  /** Numbers between that one and the newest event. */
  behind: number;
  /** Of the last failed attempt; null when one has succeeded since. */
  lastError: { code: string; message: string; at: string } | null;
  /** When it is tried again. */
  retryAt: string | null;
  /** What its kind knows of itself. */
  [stat: string]: unknown;
}

/** What a webhook knows of itself beside that. */
export interface WebhookFacts {
  /** Null while it is sent to. */
  disabledAt: string | null;
  disabledReason: string | null;
  /** Events that it has taken over and not yet delivered, and those that it gave up. */
  waiting: number;
  dead: number;
  delivered: number;
  failures: number;
  lastFailure: string | null;
}

/** One of `GET /sinks/:id/dead`: an event that a webhook gave up. */
export interface DeadLetterView {
  event: AccessEvent;
  attempts: number;
  deadAt: string;
  error: string;
}

/** `POST /sinks/:id/test` */
export interface WebhookTestView {
  delivered: boolean;
  /** Null: no answer came. */
  status: number | null;
  message: string;
  ms: number;
}
