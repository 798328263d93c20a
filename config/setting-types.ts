import { z } from 'zod';
import { parseByteSize } from './byte-size.ts';
import { parseDuration } from './duration.ts';

// What the settings are made of. The messages complete "cameras[2].fps …"; what was got is added by describe-problem.ts.

export const number = (min: number, max: number) =>
  z
    .number({ error: `must be between ${min} and ${max}` })
    .min(min)
    .max(max);

export const whole = (min: number, max: number) =>
  z
    .int({ error: `must be a whole number between ${min} and ${max}` })
    .min(min)
    .max(max);

/** Milliseconds; written as `1500ms`, `5s`, `10m` … between `min` and `max`, which are written alike. */
export const duration = (min: string, max: string) => {
  const form = `must be a duration like "500ms", "5s" or "10m", between ${min} and ${max}`;
  return z
    .string({ error: form })
    .transform((text, context) => {
      const ms = parseDuration(text);
      if (ms !== null && ms >= parseDuration(min)! && ms <= parseDuration(max)!) return ms;
      context.addIssue({ code: 'custom', message: ms === null ? form : `must be between ${min} and ${max}` });
      return z.NEVER;
    })
    .meta({ duration: `${min} to ${max}` });
};

/** Bytes; written as `10 MB`, `512 KiB` …, between `min` and `max`, which are written alike. */
export const byteSize = (min: string, max: string) => {
  const form = `must be a size like "10 MB" or "512 KiB", between ${min} and ${max}`;
  return z
    .string({ error: form })
    .transform((text, context) => {
      const bytes = parseByteSize(text);
      if (bytes !== null && bytes >= parseByteSize(min)! && bytes <= parseByteSize(max)!) return bytes;
      context.addIssue({ code: 'custom', message: bytes === null ? form : `must be between ${min} and ${max}` });
      return z.NEVER;
    })
    .meta({ words: `${min} to ${max}` });
};

export const text = (maxLength: number) =>
  z.string().min(1, 'must not be empty').max(maxLength, `must have at most ${maxLength} characters`);

/** Ids stand in URLs, file names and metric labels. */
export const id = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be 1 to 64 of a–z, 0–9, "-" and "_", starting with a letter or digit')
  .meta({ words: 'an id: a–z, 0–9, `-`, `_`' });
