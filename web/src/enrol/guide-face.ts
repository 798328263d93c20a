import type { LiveFace, LiveFrame } from '../api/live-message.ts';

/** Where the head is to point, as the person has it. */
export type Pose = 'front' | 'left' | 'right';

export type Hint =
  | 'no_face'
  | 'several'
  | 'cut_off'
  | 'too_small'
  | 'too_dark'
  | 'too_bright'
  | 'uneven'
  | 'turn_left'
  | 'turn_right'
  | 'look_here'
  | 'blurred'
  | 'poor'
  | 'good';

/** What to do now: one thing at a time, the first that stands in the way. */
export interface Guidance {
  readonly hint: Hint;
  /** Whom it speaks of: the largest face. */
  readonly face: LiveFace | null;
}

export const HINT_WORDS: Record<Hint, string> = {
  no_face: 'No face in the picture. Step in front of the camera.',
  several: 'More than one face. Only one person, please.',
  cut_off: 'The face is cut off. Move to the middle of the picture.',
  too_small: 'Come closer.',
  too_dark: 'Too dark. Turn to the light, or switch one on.',
  too_bright: 'Too bright. Step out of the light.',
  uneven: 'The light comes from one side. Turn to it.',
  turn_left: 'Turn a little to your left.',
  turn_right: 'Turn a little to your right.',
  look_here: 'Look at the camera.',
  blurred: 'Blurred. Hold still.',
  poor: 'Not clear enough yet. Look at the camera and hold still.',
  good: 'Good: hold still.',
};

/** Of the largest one's width: as the server, which takes no picture with two such faces (a quarter of the area). */
const RIVAL_WIDTH = 0.5;
/** A template is compared for years: it is to be better than the gate (0.4 on each scale) by some way. */
const ASKED = { size: 0.55, light: 0.5, glare: 0.5, evenness: 0.45, sharpness: 0.5, quality: 0.5 } as const;
/** By how far, in distances between the eyes, the nose stands from their middle. About 0.45 times the turn's sine. */
const TURN = { front: 0.15, least: 0.13, most: 0.5 } as const;

/** What the person before the camera should do next, from one frame. */
export function guideFace(
  { faces, width, height }: Pick<LiveFrame, 'faces' | 'width' | 'height'>,
  pose: Pose,
): Guidance {
  const [face, ...others] = [...faces].sort((a, b) => widthOf(b) - widthOf(a));
  if (!face) return { hint: 'no_face', face: null };
  if (others.some((other) => widthOf(other) >= RIVAL_WIDTH * widthOf(face))) return { hint: 'several', face };
  return { hint: hintFor(face, width, height, pose), face };
}

function hintFor(face: LiveFace, width: number, height: number, pose: Pose): Hint {
  const { bbox, reason, quality, qualityParts: parts = {} } = face;
  const below = (part: keyof typeof ASKED) => (parts[part] ?? 1) < ASKED[part];
  // A box ends where the picture ends: at the very edge the face may go on.
  const atEdge = bbox[0] <= 1 || bbox[1] <= 1 || bbox[2] >= width - 1 || bbox[3] >= height - 1;
  if (reason === 'cut_off' || (atEdge && reason === 'too_small')) return 'cut_off';
  if (reason === 'too_small' || below('size')) return 'too_small';
  if (atEdge) return 'cut_off';
  if (reason === 'too_bright' || below('glare')) return 'too_bright';
  if (below('evenness')) return 'uneven';
  if (reason === 'too_dark' || below('light')) return 'too_dark';
  const turning = turnHint(face, pose);
  if (turning) return turning;
  if (reason === 'turned_away') return 'look_here';
  if (reason === 'blurred' || below('sharpness')) return 'blurred';
  if (face.status === 'unfit' || quality === null || quality < ASKED.quality) return 'poor';
  return 'good';
}

/** How the head must turn for the pose; null where it points there. */
function turnHint(face: LiveFace, pose: Pose): 'turn_left' | 'turn_right' | null {
  const turn = turnOf(face);
  if (turn === null) return null;
  if (pose === 'front') return turn > TURN.front ? 'turn_right' : turn < -TURN.front ? 'turn_left' : null;
  const towards = pose === 'left' ? turn : -turn;
  const [further, back] =
    pose === 'left' ? (['turn_left', 'turn_right'] as const) : (['turn_right', 'turn_left'] as const);
  return towards < TURN.least ? further : towards > TURN.most ? back : null;
}

/**
 * Which way the head is turned: how far the nose stands from the middle of the eyes, along their line, in distances between
 * the eyes. Positive: towards the picture's right, which is the left of the person who looks into the camera. Null where
 * the landmarks do not say.
 */
export function turnOf({ keypoints }: Pick<LiveFace, 'keypoints'>): number | null {
  if (!keypoints) return null;
  const { left_eye: a, right_eye: b, nose } = keypoints;
  const [x, y] = [b[0] - a[0], b[1] - a[1]];
  const squared = x * x + y * y;
  return squared === 0 ? null : ((nose[0] - a[0]) * x + (nose[1] - a[1]) * y) / squared - 0.5;
}

const widthOf = ({ bbox }: LiveFace) => bbox[2] - bbox[0];
