import type { LiveFace } from '../api/live-message.ts';

export const FACE_LEGEND: readonly { status: LiveFace['status']; title: string; means: string }[] = [
  {
    status: 'known',
    title: 'Whole line: known.',
    means: 'The name, how similar (1 is the same picture), and the quality of the face.',
  },
  { status: 'unknown', title: 'Dashed line: unknown.', means: 'Compared with everybody; nobody was similar enough.' },
  {
    status: 'unfit',
    title: 'Dotted line: unfit.',
    means: 'Not compared, and why: too small, blurred, turned away, cut off …',
  },
];
