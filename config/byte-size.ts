const UNITS = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30, TIB: 2 ** 40 };

/** Bytes of `10 MB`, `1.5 GB` or `512 KiB` (the space and capitals are free); null where the text is none of these. */
export function parseByteSize(text: string): number | null {
  const match = /^(\d{1,15}(?:\.\d{1,6})?) ?([kmgt]?i?b)$/i.exec(text.trim());
  const unit = UNITS[match?.[2]?.toUpperCase() as keyof typeof UNITS];
  if (!match || unit === undefined) return null;
  return Math.round(Number(match[1]) * unit);
}
