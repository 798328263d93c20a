import { ERROR_CODES } from '../../../config/error-codes.ts';
import { EVENT_TYPES } from '../../../config/event-types.ts';
import type { AccessEvent } from '../api/api-types.ts';

export type EventKind = 'granted' | 'denied' | 'seen' | 'left' | 'door' | 'camera' | 'system';

export const EVENT_KINDS: readonly EventKind[] = ['granted', 'denied', 'seen', 'left', 'door', 'camera', 'system'];

export const KIND_WORDS: Record<EventKind, string> = {
  granted: 'Granted',
  denied: 'Denied',
  seen: 'Seen',
  left: 'Left',
  door: 'Door',
  camera: 'Camera',
  system: 'System',
};

export function eventKind(type: AccessEvent['type']): EventKind {
  switch (type) {
    case 'access.granted':
      return 'granted';
    case 'access.denied':
      return 'denied';
    case 'person.seen':
      return 'seen';
    case 'person.left':
      return 'left';
    case 'system.fault':
      return 'system';
    case 'door.locked_down':
    case 'door.released':
    case 'door.policy_changed':
      return 'door';
    default:
      return 'camera';
  }
}

/** Every type of event of these kinds. */
export const typesOf = (kinds: readonly EventKind[]) => EVENT_TYPES.filter((type) => kinds.includes(eventKind(type)));

const RULE_CHANGES: Record<string, string> = {
  added: 'is a new door',
  removed: 'is no longer a door',
  changed: 'goes by other rules now',
};

/** Who set a switch, and why, stands there as they wrote it. */
function doorWords({ type, reason }: Pick<AccessEvent, 'type' | 'reason'>): { what: string; why: string | null } {
  if (type === 'door.policy_changed')
    return { what: RULE_CHANGES[reason ?? 'changed'] ?? 'goes by other rules now', why: null };
  return {
    what: type === 'door.locked_down' ? 'is locked down' : 'is released',
    why: reason === null ? null : `by ${reason}`,
  };
}

const CAMERA_STATES: Record<string, string> = {
  connecting: 'is connecting',
  running: 'is live',
  stalled: 'sends no new picture',
  frozen: 'repeats one picture',
  reconnecting: 'is reconnecting',
  closed: 'was stopped',
  failed: 'has failed',
};

const REASONS: Record<string, string> = {
  STREAM_CONNECTION_FAILED: 'cannot be reached',
  STREAM_AUTH_FAILED: 'user name or password refused',
  STREAM_TLS_FAILED: 'TLS handshake failed',
  STREAM_TIMEOUT: 'stays silent',
  STREAM_NOT_FOUND: 'path, file or device not found',
  STREAM_CODEC_UNSUPPORTED: 'cannot be decoded',
  STREAM_NO_VIDEO: 'carries no video',
  STREAM_STALLED: 'no new frame',
  STREAM_FROZEN: 'one picture over and over',
  STREAM_BEHIND: 'pictures came later and later',
  STREAM_ENDED: 'the stream ended',
  not_allowed: 'not on the door’s list',
  not_on_list: 'not on the door’s list',
  unknown: 'matches nobody',
  unfit: 'the face was not fit to be recognised',
  empty_gallery: 'nobody is enrolled',
  threshold: 'matches nobody',
  margin: 'two people look too alike',
  negative: 'looks like somebody who was ruled out',
  expired: 'enrolled, but not valid now',
  outside_schedule: 'on the list, but not at this time',
  spoof: 'the face does not pass for a live one',
  locked_down: 'the door is locked down',
  manual: 'opened by hand',
  too_small: 'the face is too small',
  low_quality: 'the picture of the face is too poor',
  cut_off: 'the face is cut off',
  turned_away: 'the face is turned away',
  too_dark: 'the face is too dark',
  too_bright: 'the face is too bright',
  blurred: 'the face is blurred',
  not_embedded: 'the face was not compared',
  degraded: 'the picture is damaged',
  stale: 'the picture is too old',
};

/** A machine-readable reason in words; one that we do not know becomes readable text. */
export function reasonWords(reason: string): string {
  const means = (ERROR_CODES as Record<string, { means: string } | undefined>)[reason]?.means;
  return REASONS[reason] ?? means?.replace(/\.$/, '') ?? reason.replaceAll('_', ' ').toLowerCase();
}

/** Names for ids. */
export interface EventNames {
  door(id: string | null): string;
  camera(id: string | null): string;
}

/** The event as a headline and what stands beside it. */
export function eventWords(event: AccessEvent, names: EventNames): { who: string; where: string; why: string | null } {
  const person = event.subject?.name ?? 'Unknown person';
  const why = event.reason === null ? null : reasonWords(event.reason);
  switch (eventKind(event.type)) {
    case 'granted':
      if (event.reason === 'manual') return { who: 'Opened by hand', where: names.door(event.door), why: null };
      return { who: person, where: names.door(event.door), why };
    case 'denied':
      return { who: person, where: names.door(event.door), why };
    case 'door': {
      const { what, why: because } = doorWords(event);
      return { who: `${names.door(event.door)} ${what}`, where: '', why: because };
    }
    case 'seen':
    case 'left':
      return { who: person, where: names.camera(event.camera), why };
    case 'camera': {
      const state = event.type.slice('camera.'.length);
      return { who: `${names.camera(event.camera)} ${CAMERA_STATES[state] ?? state}`, where: '', why };
    }
    case 'system':
      return {
        who: 'Fault',
        where: [names.door(event.door), names.camera(event.camera)].filter(Boolean).join(', '),
        why,
      };
  }
}

/** The event as one sentence, for people who listen. */
export function eventSentence(event: AccessEvent, names: EventNames): string {
  const { who, where, why } = eventWords(event, names);
  const because = why === null ? '' : `: ${why}`;
  switch (eventKind(event.type)) {
    case 'granted':
      return event.reason === 'manual' ? `${where} opened by hand` : `${where} granted to ${who}`;
    case 'denied':
      return `${where} denied to ${who}${because}`;
    case 'seen':
      return `${who} seen at ${where}`;
    case 'left':
      return `${who} left ${where}`;
    case 'door':
      return why === null ? who : `${who} ${why}`;
    default:
      return `${who}${because}`;
  }
}

/** Of a person, how similar; of nobody, how similar the best one was. Null where nothing was compared. */
export function similarityWords(event: Pick<AccessEvent, 'similarity' | 'subject'>): string | null {
  if (event.similarity === null) return null;
  return `${event.subject === null ? 'best' : 'similarity'} ${event.similarity.toFixed(2)}`;
}
