import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AppError, SourceError } from '../../config/app-error.ts';
import { ERROR_CODES, type ErrorCode } from '../../config/error-codes.ts';

const doc = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
/** code, status, meaning, what to do */
const rows = [...doc.matchAll(/^\| `([A-Z_0-9]+)` \| (\d+) \| (.+) \| (.*) \|$/gm)].map((match) => match.slice(1, 5));
const codes = Object.entries(ERROR_CODES);

describe('error codes', () => {
  it('all stand in docs/errors.md, with their status and meaning', () => {
    const missing = codes
      .filter(
        ([code, { status, means }]) => !rows.some((row) => row.slice(0, 3).join() === [code, status, means].join()),
      )
      .map(([code, { status, means }]) => `| \`${code}\` | ${status} | ${means} | (what to do) |`);
    expect(missing, `put these rows into docs/errors.md:\n${missing.join('\n')}\n`).toEqual([]);
  });

  it('are all that stands there, once each, with something to do', () => {
    const listed = rows.map(([code]) => code as string);
    const stale = listed.filter((code, i) => !(code in ERROR_CODES) || listed.indexOf(code) !== i);
    expect(stale, `take these rows out of docs/errors.md: ${stale.join(', ')}`).toEqual([]);
    const helpless = rows.filter(([, , , todo]) => !todo || todo.includes('(what to do)')).map(([code]) => code);
    expect(helpless).toEqual([]);
  });

  it.each(codes)('%s has an HTTP status and a sentence', (code, { status, means }) => {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(means).toMatch(/^[A-Z].{10,}\.$/);
    expect(code).toMatch(/^[A-Z][A-Z0-9_]+$/);
  });
});

describe('AppError', () => {
  it('carries its code, status, details and cause', () => {
    const cause = new Error('why');
    const error = new AppError('CAMERA_STALE', 'too old', { cause, details: { ageMs: 9 } });
    expect(error).toMatchObject({ name: 'AppError', code: 'CAMERA_STALE', status: 409, details: { ageMs: 9 }, cause });
    expect(new SourceError('STREAM_ENDED', 'over').name).toBe('SourceError');
  });

  it('has no cause where none was given', () => {
    expect('cause' in new AppError('NOT_FOUND', 'x')).toBe(false);
  });

  it('takes an AppError as it is and wraps anything else', () => {
    const known = new AppError('NOT_FOUND', 'x');
    expect(AppError.from(known, 'INTERNAL')).toBe(known);
    const wrapped = AppError.from('plain', 'USAGE' satisfies ErrorCode);
    expect(wrapped).toMatchObject({ code: 'USAGE', message: 'plain', cause: 'plain' });
    expect(AppError.from(new TypeError('bad')).code).toBe('INTERNAL');
  });
});
