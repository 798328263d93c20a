import { describe, expect, it } from 'vitest';
import { createPagedList, type Page } from '../../web/src/state/paged-list.ts';

interface Question {
  after: string | null;
  least: number;
  aborted: () => boolean;
  answer(page: Page<string>): Promise<void>;
  fail(error: Error): Promise<void>;
}

/** A list whose answers the test gives, one after the other or not. */
function askedList() {
  const questions: Question[] = [];
  const list = createPagedList<string>({
    keyOf: (item) => item,
    load: (after, least, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<Page<string>>();
      const settled = () => new Promise<void>((done) => setTimeout(done));
      questions.push({
        after,
        least,
        aborted: () => signal.aborted,
        answer(page) {
          resolve(page);
          return settled();
        },
        fail(error) {
          reject(error);
          return settled();
        },
      });
      return promise;
    },
  });
  return { list, questions };
}

describe('createPagedList', () => {
  it('appends page after page until there are no more', async () => {
    const { list, questions } = askedList();
    void list.restart();
    expect(list.shown.value).toMatchObject({ items: null, busy: true });
    await questions[0]!.answer({ items: ['a', 'b'], next: 'b' });
    expect(list.shown.value).toMatchObject({ items: ['a', 'b'], more: true, busy: false });
    void list.more();
    expect(questions[1]!.after).toBe('b');
    await questions[1]!.answer({ items: ['b', 'c'], next: null });
    expect(list.shown.value).toMatchObject({ items: ['a', 'b', 'c'], more: false });
    await list.more();
    expect(questions).toHaveLength(2);
  });

  it('drops the late answer to an older question', async () => {
    const { list, questions } = askedList();
    void list.restart();
    void list.restart();
    expect(questions[0]!.aborted()).toBe(true);
    await questions[1]!.answer({ items: ['new'], next: null });
    await questions[0]!.answer({ items: ['old'], next: 'x' });
    expect(list.shown.value).toMatchObject({ items: ['new'], more: false });
  });

  it('shows what it has until the new answer is there, and asks for as much again', async () => {
    const { list, questions } = askedList();
    void list.restart();
    await questions[0]!.answer({ items: ['a', 'b', 'c'], next: 'c' });
    void list.refresh();
    expect(questions[1]).toMatchObject({ after: null, least: 3 });
    expect(list.shown.value).toMatchObject({ items: ['a', 'b', 'c'], busy: true });
    await questions[1]!.answer({ items: ['a', 'c', 'd'], next: 'd' });
    expect(list.shown.value.items).toEqual(['a', 'c', 'd']);
  });

  it('asks for one further page at a time', async () => {
    const { list, questions } = askedList();
    void list.restart();
    await questions[0]!.answer({ items: ['a'], next: 'a' });
    void list.more();
    void list.more();
    expect(questions).toHaveLength(2);
  });

  it('keeps what it has when a question fails, says why, and may try again', async () => {
    const { list, questions } = askedList();
    void list.restart();
    await questions[0]!.answer({ items: ['a'], next: 'a' });
    void list.more();
    const error = new Error('gone');
    await questions[1]!.fail(error);
    expect(list.shown.value).toEqual({ items: ['a'], more: true, busy: false, error });
    void list.more();
    await questions[2]!.answer({ items: ['b'], next: null });
    expect(list.shown.value).toEqual({ items: ['a', 'b'], more: false, busy: false, error: null });
  });
});
