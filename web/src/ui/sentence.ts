/** A message of the server as a sentence: a capital at its start, a stop at its end. ffmpeg keeps its own spelling. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  const start = trimmed.startsWith('ffmpeg') ? trimmed : trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(start) ? start : `${start}.`;
}
