import type { LiveFace } from '../api/live-message.ts';

const UNFIT: Record<string, string> = {
  too_small: 'too small',
  low_quality: 'low quality',
  cut_off: 'cut off',
  turned_away: 'turned away',
  too_dark: 'too dark',
  too_bright: 'too bright',
  blurred: 'blurred',
  not_embedded: 'not compared',
};

const UNKNOWN: Record<string, string> = {
  threshold: 'no match',
  margin: 'two people alike',
  negative: 'ruled out',
  expired: 'not valid now',
  empty_gallery: 'nobody enrolled',
};

export const STATUS_WORDS: Record<LiveFace['status'], string> = { known: 'Known', unknown: 'Unknown', unfit: 'Unfit' };

export const number2 = (value: number) => value.toFixed(2);

/** Why a face has no name; null where it has one. */
export function whyNot(face: Pick<LiveFace, 'status' | 'reason'>): string | null {
  if (face.status === 'known') return null;
  const reason = face.reason ?? '';
  return UNKNOWN[reason] ?? UNFIT[reason] ?? (reason === '' ? 'no match' : reason.replaceAll('_', ' '));
}

/** Title and detail of a face's label; a narrow picture gets one line. */
export function faceLabel(face: LiveFace, narrow: boolean): { title: string; detail: string | null } {
  if (face.status === 'known') {
    const name = face.subject?.name ?? 'Known';
    const similarity = face.similarity === null ? '' : number2(face.similarity);
    if (narrow) return { title: name, detail: similarity || null };
    return { title: name, detail: [similarity, quality(face)].filter(Boolean).join(' · ') || null };
  }
  const title = STATUS_WORDS[face.status];
  const why = whyNot(face);
  if (narrow) return { title, detail: why };
  const best = face.status === 'unknown' && face.similarity !== null ? `best ${number2(face.similarity)}` : '';
  return { title, detail: [why, best, quality(face)].filter(Boolean).join(' · ') };
}

const quality = (face: LiveFace) => (face.quality === null ? '' : `quality ${number2(face.quality)}`);

/** The whole picture in a few words: `Ada, 2 unknown, 1 unfit`. */
export function facesSummary(faces: readonly LiveFace[]): string {
  if (faces.length === 0) return 'no face';
  const names = faces.filter((face) => face.status === 'known').map((face) => face.subject?.name ?? 'known');
  const count = (status: LiveFace['status']) => faces.filter((face) => face.status === status).length;
  const parts = [...names];
  if (count('unknown') > 0) parts.push(`${count('unknown')} unknown`);
  if (count('unfit') > 0) parts.push(`${count('unfit')} unfit`);
  return parts.join(', ');
}
