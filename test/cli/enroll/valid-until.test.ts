import { describe, expect, it } from 'vitest';
import { validUntil } from '../../../cli/enroll/valid-until.ts';

describe('validUntil', () => {
  it('is the end of a day, or the moment', () => {
    expect(validUntil('2027-01-31')).toBe(new Date(2027, 1, 1).getTime());
    expect(validUntil('2027-01-31T18:00Z')).toBe(Date.UTC(2027, 0, 31, 18));
  });

  it.each(['31.1.2027', '2027-02-31', '2027-13-01', 'tomorrow', '5', ''])('refuses "%s"', (text) => {
    expect(() => validUntil(text)).toThrow('--valid-until must be a date like 2027-01-31');
  });
});
