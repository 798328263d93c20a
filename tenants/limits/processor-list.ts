/** `0,2-3` → [0, 2, 3], in order, each once; null where it is no such list or runs backwards. */
export function processorsOf(list: string): number[] | null {
  const found = new Set<number>();
  for (const part of list.trim().split(',')) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part);
    if (!match) return null;
    const [from, to] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (to < from) return null;
    for (let one = from; one <= to; one++) found.add(one);
  }
  return [...found].sort((a, b) => a - b);
}
