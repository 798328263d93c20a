import type { Corner, Polygon } from '../../../pipeline/polygon.ts';

/** Inside zones faces count; masks are black before anything looks at the picture. */
export type AreaKind = 'zone' | 'mask';

export interface Area {
  readonly kind: AreaKind;
  /** Shares of the picture, 0..1. */
  readonly corners: Polygon;
}

interface Moment {
  readonly areas: readonly Area[];
  /** What is being drawn: not closed yet. */
  readonly draft: Area | null;
}

export interface Drawing extends Moment {
  /** Indices of `areas` and of its corners. */
  readonly selected: { readonly area: number; readonly corner: number | null } | null;
  /** For undo, oldest first. */
  readonly past: readonly Moment[];
}

// As the server takes them (docs/configuration.md).
export const MOST_CORNERS = 100;
export const MOST_AREAS = 50;
const LEAST_AREA = 1e-6;
const MOST_PAST = 200;

export function startDrawing(zones: readonly Polygon[], masks: readonly Polygon[]): Drawing {
  const areas = [
    ...zones.map((corners): Area => ({ kind: 'zone', corners })),
    ...masks.map((corners): Area => ({ kind: 'mask', corners })),
  ];
  return { areas, draft: null, selected: null, past: [] };
}

export const areasOf = ({ areas }: Moment, kind: AreaKind): Polygon[] =>
  areas.filter((area) => area.kind === kind).map(({ corners }) => corners);

/** From here on corners are placed. What was begun before is dropped. */
export function beginArea(drawing: Drawing, kind: AreaKind): Drawing {
  if (areasOf(drawing, kind).length >= MOST_AREAS) return drawing;
  return { ...drawing, draft: { kind, corners: [] }, selected: null };
}

export function placeCorner(drawing: Drawing, at: Corner): Drawing {
  const { draft } = drawing;
  if (!draft || draft.corners.length >= MOST_CORNERS) return drawing;
  const corner = inPicture(at);
  const last = draft.corners.at(-1);
  // The second click of a double click.
  if (last && last[0] === corner[0] && last[1] === corner[1]) return drawing;
  return { ...remembered(drawing), draft: { ...draft, corners: [...draft.corners, corner] } };
}

/** Why what is being drawn cannot be closed yet; null where it can. */
export function draftProblem({ draft }: Moment): string | null {
  if (!draft) return null;
  if (draft.corners.length < 3) return 'An area needs three corners at least.';
  return Math.abs(twiceArea(draft.corners)) / 2 < LEAST_AREA ? 'These corners enclose nothing.' : null;
}

/** Makes an area of what is being drawn. */
export function closeArea(drawing: Drawing): Drawing {
  if (!drawing.draft || draftProblem(drawing) !== null) return drawing;
  const areas = [...drawing.areas, drawing.draft];
  return { ...remembered(drawing), areas, draft: null, selected: { area: areas.length - 1, corner: null } };
}

/** Drops what is being drawn, or else the selection. */
export function cancel(drawing: Drawing): Drawing {
  return drawing.draft ? { ...remembered(drawing), draft: null } : { ...drawing, selected: null };
}

export function select(drawing: Drawing, area: number, corner: number | null = null): Drawing {
  if (drawing.selected?.area === area && drawing.selected.corner === corner) return drawing;
  return { ...drawing, selected: { area, corner } };
}

/** @param begins the first step of a movement: undo goes back to before all of it. */
export function moveCorner(drawing: Drawing, area: number, corner: number, to: Corner, begins: boolean): Drawing {
  const { areas } = drawing;
  if (!areas[area]?.corners[corner]) return drawing;
  const corners = areas[area].corners.map((each, i) => (i === corner ? inPicture(to) : each));
  const base = begins ? remembered(drawing) : drawing;
  return { ...base, areas: areas.with(area, { ...areas[area], corners }), selected: { area, corner } };
}

/** The last corner of what is being drawn; else the selected corner, with its area where too few are left; else the area. */
export function removeSelected(drawing: Drawing): Drawing {
  const { draft, areas, selected } = drawing;
  if (draft) {
    if (draft.corners.length === 0) return drawing;
    return { ...remembered(drawing), draft: { ...draft, corners: draft.corners.slice(0, -1) } };
  }
  const area = selected && areas[selected.area];
  if (!selected || !area) return drawing;
  const left = selected.corner === null ? [] : area.corners.filter((_, i) => i !== selected.corner);
  if (left.length < 3 || Math.abs(twiceArea(left)) / 2 < LEAST_AREA) {
    return { ...remembered(drawing), areas: areas.filter((_, i) => i !== selected.area), selected: null };
  }
  const next = areas.with(selected.area, { ...area, corners: left });
  return { ...remembered(drawing), areas: next, selected: { area: selected.area, corner: null } };
}

export function undo(drawing: Drawing): Drawing {
  const before = drawing.past.at(-1);
  return before ? { ...before, selected: null, past: drawing.past.slice(0, -1) } : drawing;
}

function remembered(drawing: Drawing): Drawing {
  const { areas, draft, past } = drawing;
  return { ...drawing, past: [...past, { areas, draft }].slice(-MOST_PAST) };
}

/** Within the picture; a ten-thousandth of it is finer than a pixel. */
function inPicture([x, y]: Corner): Corner {
  const share = (value: number) => Math.round(Math.min(1, Math.max(0, value)) * 10_000) / 10_000;
  return [share(x), share(y)];
}

/** Shoelace formula; the sign is the direction. */
function twiceArea(corners: Polygon): number {
  return corners.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = corners[(i + 1) % corners.length]!;
    return sum + x * nextY - nextX * y;
  }, 0);
}
