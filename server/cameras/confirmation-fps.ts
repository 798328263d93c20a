interface Confirming {
  /** Ids. */
  readonly cameras: readonly string[];
  readonly confirm: { readonly matches: number; readonly withinMs: number };
}

/**
 * Frames a second without which a door that looks through this camera hardly ever confirms anybody: its matches have to lie within its
 * time, and not every picture is a match. Of several doors, the one that needs most.
 *
 * @returns 0 where no door looks through it.
 */
export function confirmationFps(doors: readonly Confirming[], cameraId: string): number {
  const looking = doors.filter(({ cameras }) => cameras.includes(cameraId));
  return Math.max(0, ...looking.map(({ confirm }) => (confirm.matches * 1000) / confirm.withinMs));
}
