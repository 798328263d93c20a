import { stderr, stdout } from 'node:process';

/** What the commands say to a person. Results go to stdout, everything else to stderr, so that a pipe gets results only. */
export interface Terminal {
  print(line: string): void;
  note(line: string): void;
  /** Draws `label` with a bar on a terminal, one line at start and end elsewhere. @param unit of the numbers; default bytes. */
  progress(label: string, done: number, total: number | null, unit?: string): void;
  /** What is being done, until the next thing is said; on a terminal only. */
  status(line: string): void;
  table(rows: readonly (readonly string[])[]): void;
}

const BAR_WIDTH = 24;

export function openTerminal(): Terminal {
  let drawn: string | null = null;
  const clearBar = () => {
    if (drawn !== null && stderr.isTTY) stderr.write('\r\u001b[K');
    drawn = null;
  };
  return {
    print: (line) => {
      clearBar();
      stdout.write(`${line}\n`);
    },
    note: (line) => {
      clearBar();
      stderr.write(`${line}\n`);
    },
    progress: (label, done, total, unit) => {
      const finished = total !== null && done >= total;
      const amount = unit === undefined ? inBytes(done, total) : `${inNumbers(done, total)} ${unit}`;
      if (!stderr.isTTY) {
        if (drawn !== label || finished) stderr.write(`${label}: ${finished ? 'done, ' : ''}${amount}\n`);
        drawn = finished ? null : label;
        return;
      }
      const filled = total === null ? 0 : Math.round((BAR_WIDTH * done) / Math.max(1, total));
      drawn = label;
      stderr.write(`\r\u001b[K${label} [${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}] ${amount}`);
      if (finished) {
        stderr.write('\n');
        drawn = null;
      }
    },
    status: (line) => {
      if (!stderr.isTTY) return;
      drawn = line;
      stderr.write(`\r\u001b[K${line}`);
    },
    table: (rows) => {
      clearBar();
      const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
      for (const row of rows) {
        stdout.write(
          `${row
            .map((cell, column) => cell.padEnd(widths[column] ?? 0))
            .join('  ')
            .trimEnd()}\n`,
        );
      }
    },
  };
}

function inNumbers(done: number, total: number | null): string {
  return total === null ? `${done}` : `${done} of ${total}`;
}

function inBytes(done: number, total: number | null): string {
  return total === null ? sizeOf(done) : `${sizeOf(done)} of ${sizeOf(total)}`;
}

/** `820 kB`, `1.4 MB` */
export function sizeOf(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
