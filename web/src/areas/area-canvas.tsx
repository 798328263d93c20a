import { useEffect, useRef, useState } from 'preact/hooks';
import type { Corner, Polygon } from '../../../pipeline/polygon.ts';
import type { Size } from '../wall/face-geometry.ts';
import { type Area, closeArea, type Drawing, moveCorner, placeCorner, select } from './area-drawing.ts';

interface AreaCanvasProps {
  drawing: Drawing;
  change(next: (drawing: Drawing) => Drawing): void;
}

/** Pixels around the first corner that close the area. */
const CLOSE_PX = 14;
const STEP = 0.01;
const LARGE_STEP = 0.05;
const MIDDLE: Corner = [0.5, 0.5];

/** What is drawn over a picture, of which it takes the whole place. Worked by pointer, finger and keys alike. */
export function AreaCanvas({ drawing, change }: AreaCanvasProps) {
  const svg = useRef<SVGSVGElement>(null);
  const [size, setSize] = useState<Size>({ width: 1, height: 1 });
  const [pointer, setPointer] = useState<Corner | null>(null);
  /** Moved by the arrow keys; null where a pointer is used. Keys that are held come faster than what is drawn. */
  const crosshair = useRef<Corner | null>(null);
  const [crossed, setCrossed] = useState<Corner | null>(null);
  const showCrosshair = (at: Corner | null) => {
    crosshair.current = at;
    setCrossed(at);
  };
  const dragging = useRef<{ area: number; corner: number; moved: boolean } | null>(null);
  const { draft, areas, selected } = drawing;

  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      if (width > 0 && height > 0) setSize({ width, height });
    });
    observer.observe(svg.current!);
    return () => observer.disconnect();
  }, []);

  const cornerAt = (event: PointerEvent | MouseEvent): Corner => {
    const box = svg.current!.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  const closes = ({ draft }: Drawing, at: Corner): boolean => {
    const first = draft?.corners[0];
    if (!first || draft.corners.length < 3) return false;
    return Math.hypot((at[0] - first[0]) * size.width, (at[1] - first[1]) * size.height) <= CLOSE_PX;
  };
  const place = (at: Corner) => change((now) => (closes(now, at) ? closeArea(now) : placeCorner(now, at)));

  const drag = (event: PointerEvent) => {
    setPointer(cornerAt(event));
    const held = dragging.current;
    if (!held) return;
    const at = cornerAt(event);
    const begins = !held.moved;
    held.moved = true;
    change((now) => moveCorner(now, held.area, held.corner, at, begins));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.shiftKey ? LARGE_STEP : STEP;
    const by = ARROWS[event.key];
    const grip = gripOf(event.target);
    if (by) {
      if (grip) {
        const [x, y] = areas[grip.area]?.corners[grip.corner] ?? [0, 0];
        change((now) => moveCorner(now, grip.area, grip.corner, [x + by[0] * step, y + by[1] * step], true));
      } else if (draft) {
        const [x, y] = crosshair.current ?? MIDDLE;
        showCrosshair([within(x + by[0] * step), within(y + by[1] * step)]);
      } else return;
    } else if (event.key === ' ' && draft && !grip) place(crosshair.current ?? MIDDLE);
    else if (event.key === 'Enter' && draft) change(closeArea);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const shown = pointer ?? crossed;
  const at = ([x, y]: Corner) => `${x * size.width},${y * size.height}`;
  const path = (corners: Polygon) => corners.map(at).join(' ');
  return (
    <svg
      ref={svg}
      class={draft ? 'area-canvas area-canvas-drawing' : 'area-canvas'}
      viewBox={`0 0 ${size.width} ${size.height}`}
      preserveAspectRatio="none"
      tabindex={0}
      role="application"
      aria-label={
        draft
          ? `Drawing a ${draft.kind}, ${draft.corners.length} corners. Arrow keys move, Space places a corner, Enter closes, Escape cancels.`
          : 'The picture with its areas'
      }
      data-corners={draft?.corners.length}
      onKeyDown={onKeyDown}
      onPointerMove={(event) => {
        showCrosshair(null);
        drag(event);
      }}
      onPointerLeave={() => setPointer(null)}
      onPointerUp={() => {
        dragging.current = null;
      }}
      onPointerCancel={() => {
        dragging.current = null;
      }}
      onClick={(event) => {
        if (draft) place(cornerAt(event));
        else if (event.target === svg.current) change((now) => ({ ...now, selected: null }));
      }}
    >
      {areas.map((area, index) => (
        <polygon
          key={index}
          class={`area area-${area.kind} ${selected?.area === index ? 'area-selected' : ''}`}
          points={path(area.corners)}
          onPointerDown={() => {
            if (!draft) change((now) => select(now, index));
          }}
        />
      ))}
      {areas.map((area, index) => {
        const [x, y] = middle(area.corners);
        return (
          <text key={index} class="area-name" x={x * size.width} y={y * size.height}>
            {areaName(areas, index)}
          </text>
        );
      })}
      {!draft &&
        areas.map((area, index) =>
          area.corners.map(([x, y], corner) => (
            // biome-ignore lint/a11y/useSemanticElements: a button cannot stand in a drawing.
            <g
              key={`${index} ${corner}`}
              class="grip"
              role="button"
              tabindex={0}
              aria-label={`Corner ${corner + 1} of ${areaName(areas, index).toLowerCase()}. Arrow keys move it, Delete removes it.`}
              data-grip={`${index} ${corner}`}
              data-selected={String(selected?.area === index && selected.corner === corner)}
              onFocus={() => change((now) => select(now, index, corner))}
              onPointerDown={(event) => {
                // A finger is bound to what it touched first; the corner is to follow it everywhere.
                svg.current!.setPointerCapture(event.pointerId);
                dragging.current = { area: index, corner, moved: false };
                change((now) => select(now, index, corner));
              }}
              onClick={(event) => event.stopPropagation()}
            >
              <circle class="grip-reach" cx={x * size.width} cy={y * size.height} r={16} />
              <circle class="grip-dot" cx={x * size.width} cy={y * size.height} r={6} />
            </g>
          )),
        )}
      {draft && draft.corners.length > 0 && (
        <g class={`draft draft-${draft.kind}`}>
          <polyline points={path(shown ? [...draft.corners, shown] : draft.corners)} />
          {draft.corners.map(([x, y], index) => (
            <circle
              key={index}
              class={index === 0 && draft.corners.length > 2 ? 'draft-first' : ''}
              cx={x * size.width}
              cy={y * size.height}
              r={index === 0 && draft.corners.length > 2 ? 9 : 5}
            />
          ))}
        </g>
      )}
      {draft && crossed && (
        <path
          class="crosshair"
          d={`M${crossed[0] * size.width - 12} ${crossed[1] * size.height}h24M${crossed[0] * size.width} ${crossed[1] * size.height - 12}v24`}
        />
      )}
    </svg>
  );
}

const ARROWS: Record<string, readonly [x: number, y: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const within = (share: number) => Math.min(1, Math.max(0, share));

function gripOf(target: EventTarget | null): { area: number; corner: number } | null {
  const grip = target instanceof SVGElement ? target.dataset.grip : undefined;
  if (grip === undefined) return null;
  const [area, corner] = grip.split(' ').map(Number);
  return { area: area!, corner: corner! };
}

/** `Zone 1`, `Mask 2`: counted by kind. */
export function areaName(areas: readonly Area[], index: number): string {
  const { kind } = areas[index]!;
  const number = areas.slice(0, index + 1).filter((area) => area.kind === kind).length;
  return `${kind === 'zone' ? 'Zone' : 'Mask'} ${number}`;
}

function middle(corners: Polygon): Corner {
  const sum = corners.reduce<[number, number]>(([a, b], [x, y]) => [a + x, b + y], [0, 0]);
  return [sum[0] / corners.length, sum[1] / corners.length];
}
