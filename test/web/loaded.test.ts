import { describe, expect, it } from 'vitest';
import { createLoaded } from '../../web/src/state/loaded.ts';

/** A list whose answers the test gives. */
function askedList() {
  const answers: ((value: string) => void)[] = [];
  const loaded = createLoaded(() => new Promise<string>((resolve) => answers.push(resolve)));
  return { loaded, answers };
}

describe('createLoaded', () => {
  it('asks once for all who want it meanwhile', async () => {
    const { loaded, answers } = askedList();
    const both = [loaded.refresh(), loaded.refresh()];
    expect(answers).toHaveLength(1);
    answers[0]!('one');
    await Promise.all(both);
    expect(loaded.value.value).toBe('one');
  });

  it('asks again, once, for those who did something while it was being asked', async () => {
    const { loaded, answers } = askedList();
    void loaded.refresh();
    const renewed = [loaded.renew(), loaded.renew()];
    answers[0]!('before');
    await Promise.resolve();
    await expect.poll(() => answers.length).toBe(2);
    answers[1]!('after');
    await Promise.all(renewed);
    expect(loaded.value.value).toBe('after');
    expect(answers).toHaveLength(2);
  });

  it('asks at once where nothing is under way', () => {
    const { loaded, answers } = askedList();
    void loaded.renew();
    expect(answers).toHaveLength(1);
  });
});
