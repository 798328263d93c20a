/** A message of the server as a sentence: a capital at its start, a stop at its end. ffmpeg and addresses keep their own spelling. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  const start = /^(?:ffmpeg|\w+:\/\/)/.test(trimmed) ? trimmed : trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(start) ? start : `${start}.`;
}
