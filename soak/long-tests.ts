import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endTree } from './end-tree.ts';
import type { PartOptions, PartReport } from './part.ts';
import { type Verdict, verdict } from './verdict.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs');

/** A test of the suite, run longer than the suite does. */
export interface LongTest {
  readonly what: string;
  readonly wanted: string;
  readonly project: 'rooms' | 'system';
  readonly file: string;
  /** Only the tests whose name it matches. */
  readonly only?: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The line in which the test says what it measured. */
  readonly figure?: RegExp;
}

export const LONG_TESTS: Readonly<Record<'power' | 'killed' | 'frozen' | 'broker' | 'log' | 'resume', LongTest>> = {
  power: {
    what: 'a real RTSP server killed 30 times: pictures after it is back',
    wanted: '≤ 5 s',
    project: 'system',
    file: 'test/system/camera-power.test.ts',
    environment: { FACEGATE_RTSP_KILLS: '30' },
    figure: /^pictures (after \d+ ms at most)/,
  },
  killed: {
    what: 'the server killed 100 times: its ffmpegs are gone',
    wanted: '≤ 15 s',
    project: 'system',
    file: 'test/system/killed.test.ts',
    environment: { FACEGATE_KILLS: '100' },
    figure: /^gone (after \d+ ms at most: .*)/,
  },
  frozen: {
    what: 'ten minutes of night scenes and of moving video: called frozen',
    wanted: 'never',
    project: 'rooms',
    file: 'test/sources/frozen-watch.test.ts',
    only: 'never frozen',
    environment: { FACEGATE_FROZEN_MINUTES: '10' },
  },
  broker: {
    what: 'an MQTT broker killed 20 times during 30,000 events: a consumer has each one, and is never silent for 30 s',
    wanted: 'every id',
    project: 'rooms',
    file: 'test/sinks/mqtt/broker-chaos.test.ts',
    environment: { FACEGATE_BROKER_KILLS: '20', FACEGATE_BROKER_EVENTS: '30000' },
    figure: /^(heard .* ids.*)/,
  },
  log: {
    what: 'a process that appends events killed 1,000 times: acknowledged events lost, gaps',
    wanted: 'none',
    project: 'rooms',
    file: 'test/access/event-log-kills.test.ts',
    environment: { FACEGATE_LOG_KILLS: '1000' },
    figure: /^killed \d+ times: (.*)/,
  },
  resume: {
    what: 'a WebSocket consumer that breaks off 500 times and resumes by number has each event once',
    wanted: 'each once',
    project: 'rooms',
    file: 'test/server/event-resume.test.ts',
    environment: { FACEGATE_FEED_BREAKS: '500' },
    figure: /^broken off \d+ times: (.*)/,
  },
};

interface TestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly failureMessages?: readonly string[] }[];
  }[];
}

export async function soakLongTest(name: keyof typeof LONG_TESTS, options: PartOptions): Promise<PartReport> {
  const { progress, signal } = options;
  const test = LONG_TESTS[name];
  const folder = mkdtempSync(join(tmpdir(), 'facegate-soak-test-'));
  const report = join(folder, 'report.json');
  const args = [
    VITEST,
    'run',
    '--root',
    ROOT,
    '--project',
    test.project,
    test.file,
    ...(test.only ? ['-t', test.only] : []),
  ];
  const started = performance.now();
  progress.say(`${name}: ${test.file}`);
  signal.throwIfAborted();
  const child = spawn(
    process.execPath,
    [...args, '--reporter=json', '--reporter=default', `--outputFile.json=${report}`],
    {
      cwd: ROOT,
      env: { ...process.env, ...test.environment, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let figure: string | null = null;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      figure = test.figure?.exec(line)?.[1] ?? figure;
    });
  }
  const gone = once(child, 'close');
  const minutes = () => (performance.now() - started) / 60_000;
  const ticking = setInterval(() => progress.say(`${name}: ${test.file}, ${minutes().toFixed(1)} min`), 1000);
  let ending: Promise<void> | null = null;
  const end = () => {
    ending ??= endTree(child.pid!);
  };
  signal.addEventListener('abort', end, { once: true });
  try {
    await gone;
    await ending;
    signal.throwIfAborted();
    return {
      part: name,
      verdicts: [verdictOf(test, readReport(report), figure)],
      details: { minutes: minutes(), figure },
    };
  } finally {
    signal.removeEventListener('abort', end);
    clearInterval(ticking);
    rmSync(folder, { recursive: true, force: true });
  }
}

function verdictOf({ what, wanted }: LongTest, report: TestReport | null, figure: string | null): Verdict {
  if (!report) return verdict(what, wanted, 'the test did not run', false);
  const { numPassedTests: passed, numFailedTests: failed } = report;
  if (passed + failed === 0) return verdict(what, wanted, 'skipped: this machine lacks what it needs', false);
  const why = report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status }) => status === 'failed')
    ?.failureMessages?.[0]?.split('\n')[0];
  const got = [figure, `${passed} of ${passed + failed} tests passed`, why].filter((part) => part != null).join('; ');
  return verdict(what, wanted, got, failed === 0);
}

function readReport(path: string): TestReport | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as TestReport;
  } catch {
    return null;
  }
}
