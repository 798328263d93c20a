/** One instruction of a Dockerfile, with its continued lines joined and its ARGs filled in. */
export interface Instruction {
  readonly name: string;
  /** What stands behind the name; of exec forms the JSON. */
  readonly text: string;
}

/** One `FROM … AS name`, and what follows. */
export interface Stage {
  readonly name: string;
  /** An image with its tag, or an earlier stage. */
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

/** Reads a Dockerfile of ours: every stage has a name, ARGs stand before the first FROM and have a value. */
export function readDockerfile(text: string): Stage[] {
  const lines = text.replace(/^\s*#.*\n/gm, '').replaceAll('\\\n', ' ');
  const values = new Map<string, string>();
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const line of lines.split('\n').filter((each) => each.trim() !== '')) {
    const [, name = '', rest = ''] = /^([A-Z]+)\s+(.+)$/.exec(line.trim()) ?? [];
    const filled = rest.replace(/\s+/g, ' ').replace(/\$\{(\w+)\}/g, (whole, arg: string) => values.get(arg) ?? whole);
    if (name === 'ARG') {
      const [key = '', value = ''] = filled.split('=');
      values.set(key, value);
    } else if (name === 'FROM') {
      const [, from = '', stage = ''] = /^(\S+) AS (\S+)$/.exec(filled) ?? [];
      stages.push({ name: stage, from, instructions: [] });
    } else {
      const stage = stages.at(-1);
      if (name === '' || !stage) throw new Error(`not an instruction of a stage: ${line}`);
      stage.instructions.push({ name, text: filled });
    }
  }
  return stages;
}

/**
 * Whether a `.dockerignore` leaves a path out of what a build sees: the last line that speaks of it, or of a folder that it is in, decides.
 *
 * @param path relative to the folder of the file, with `/`.
 */
export function isIgnored(path: string, ignore: string): boolean {
  let ignored = false;
  for (const line of ignore.split('\n').map((each) => each.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const kept = line.startsWith('!');
    if (patternOf(kept ? line.slice(1) : line).test(path)) ignored = !kept;
  }
  return ignored;
}

function patternOf(pattern: string): RegExp {
  const source = pattern
    .split('/')
    .map((part, i, { length }) => {
      if (part === '**') return i === length - 1 ? '.*' : '(?:.*/)?';
      const words = part
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '[^/]*')
        .replaceAll('?', '[^/]');
      return i === length - 1 ? words : `${words}/`;
    })
    .join('');
  return new RegExp(`^${source}(?:/.*)?$`);
}
