/** Works on all items, `atOnce` at a time, and keeps their order. Says on stderr how far it is. */
export async function analyseAll<T, R>(
  items: readonly T[],
  { atOnce, label }: { atOnce: number; label: string },
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index] as T, index);
      if (next % 500 === 0) process.stderr.write(`${label}: ${next} of ${items.length}\n`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}
