/** The folders and URLs of `FACEGATE_MODEL_MIRROR` or `FACEGATE_MEDIA_MIRROR`: separated by commas, in order. */
export function mirrorsFrom(variable: string | undefined): string[] {
  return (variable ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
