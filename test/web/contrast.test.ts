import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../../web/src/styles/tokens.css', import.meta.url), 'utf8');
const tokens = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(([, name, light, dark]) => [
    name as string,
    { light: light as string, dark: dark as string },
  ]),
);

/** WCAG 2.2, relative luminance. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const pairs = [
  ...['text', 'muted', 'accent', 'good', 'bad', 'warn'].flatMap((ink) =>
    ['ground', 'surface', 'raised'].map((paper) => [ink, paper] as const),
  ),
  ['text', 'warn-ground'],
  ['warn', 'warn-ground'],
  ['text', 'bad-ground'],
  ['muted', 'bad-ground'],
  ['bad', 'bad-ground'],
  ['on-accent', 'accent'],
  ['on-good', 'good'],
  ['on-bad', 'bad'],
] as const;

describe.each(['light', 'dark'] as const)('%s', (theme) => {
  it.each(pairs)('%s is readable on %s', (ink, paper) => {
    expect(contrast(tokens.get(ink)![theme], tokens.get(paper)![theme])).toBeGreaterThanOrEqual(4.5);
  });

  it.each(['ground', 'surface', 'raised'])('the edges of controls are seen on %s', (paper) => {
    expect(contrast(tokens.get('line-strong')![theme], tokens.get(paper)![theme])).toBeGreaterThanOrEqual(3);
  });
});
