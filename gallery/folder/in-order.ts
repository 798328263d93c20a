/**
 * Works on up to `atOnce` items at a time and yields the results in the order of the items. What `work` throws is thrown
 * where its result would have come. Whoever stops early gets no further item begun.
 */
export async function* inOrder<T, R>(
  items: Iterable<T>,
  atOnce: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  for (const item of items) {
    const result = work(item);
    // One that fails while an earlier one is awaited is not unhandled.
    result.catch(() => undefined);
    running.push(result);
    if (running.length >= atOnce) yield await (running.shift() as Promise<R>);
  }
  for (const result of running) yield await result;
}
