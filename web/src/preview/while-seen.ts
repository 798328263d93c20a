/**
 * Runs something only while an element can be seen: what is out of sight, or in a hidden tab, costs the server and the
 * network nothing.
 *
 * @param start begins it; what it returns ends it.
 * @returns ends it for good.
 */
export function whileSeen(element: Element, start: () => () => void): () => void {
  let inView = false;
  let stop: (() => void) | null = null;
  const settle = () => {
    if (inView && !document.hidden) stop ??= start();
    else {
      stop?.();
      stop = null;
    }
  };
  const observer = new IntersectionObserver(
    (entries) => {
      inView = entries.at(-1)!.isIntersecting;
      settle();
    },
    { rootMargin: '200px' },
  );
  observer.observe(element);
  document.addEventListener('visibilitychange', settle);
  return () => {
    observer.disconnect();
    document.removeEventListener('visibilitychange', settle);
    stop?.();
    stop = null;
  };
}
