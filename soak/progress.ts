/** Where a run stands, on standard error: one line that changes on a terminal, a line now and then elsewhere. */
export class Progress {
  readonly #out: NodeJS.WriteStream;
  readonly #startedAt = performance.now();
  #saidAt = Number.NEGATIVE_INFINITY;
  /** What was said last, without its figures. */
  #what = '';

  constructor(out: NodeJS.WriteStream = process.stderr) {
    this.#out = out;
  }

  say(doing: string): void {
    const now = performance.now();
    const what = doing.replaceAll(/[\d.]+/g, '');
    const isNew = what !== this.#what;
    this.#what = what;
    if (!this.#out.isTTY && !isNew && now - this.#saidAt < 30_000) return;
    this.#saidAt = now;
    const line = `${clock(now - this.#startedAt)} ${doing}`;
    this.#out.write(this.#out.isTTY ? `\r\u001b[K${line.slice(0, (this.#out.columns ?? 80) - 1)}` : `${line}\n`);
  }

  /** What comes next begins on a line of its own. */
  clear(): void {
    if (this.#out.isTTY) this.#out.write('\r\u001b[K');
  }
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
