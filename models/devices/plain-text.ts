const MOST = 300;

/** What a program or file said, for a line of our own: trimmed, at most 300 characters, none of which moves a terminal's cursor. */
export function plainText(text: string): string {
  return text
    .slice(0, 10 * MOST)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, MOST);
}
