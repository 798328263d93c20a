import type { Polygon } from '../../../pipeline/polygon.ts';

/** The lines that give a camera of the configuration file these zones and masks. */
export function areasYaml(id: string, zones: readonly Polygon[], masks: readonly Polygon[]): string {
  return ['cameras:', `  - id: ${id}`, ...lines('zones', zones), ...lines('masks', masks)].join('\n');
}

function lines(field: string, areas: readonly Polygon[]): string[] {
  if (areas.length === 0) return [`    ${field}: []`];
  return [
    `    ${field}:`,
    ...areas.map((corners) => `      - [${corners.map(([x, y]) => `[${x}, ${y}]`).join(', ')}]`),
  ];
}
