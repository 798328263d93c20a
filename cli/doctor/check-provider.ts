import type { Finding } from './finding.ts';
import type { SelfTestAnswer } from './run-self-test.ts';

/** A provider that was tried on the self-test network. */
export interface TriedProvider {
  readonly name: string;
  /** `strict`: some network must run on it. `preferred`: one should, and may fall back. `no`: nobody asks for it. */
  readonly asked: 'strict' | 'preferred' | 'no';
  readonly answer: SelfTestAnswer;
}

/** How far from the CPU's answer a GPU's may lie: they round differently, and TF32 keeps 10 bits. */
const FARTHEST = 0.02;

export function checkProvider({ name, asked, answer }: TriedProvider): Finding {
  const check = `provider ${name}`;
  if (answer.state === 'ran') {
    const { nodes, latencyMs, startMs, deviation } = answer.result;
    const ran = `self-test ${milliseconds(latencyMs)}, first answer after ${milliseconds(startMs)}; ${counted(nodes)}`;
    if (deviation <= FARTHEST) return { check, state: 'ok', found: ran };
    return {
      check,
      state: 'wrong',
      found: `${ran}; but its answer is ${(deviation * 100).toFixed(1)} % away from the CPU's`,
      todo: `update the driver; until then do not use ${name} (models.providers)`,
    };
  }
  const { why, toInstall } = answer;
  if (asked === 'no') {
    return {
      check,
      state: 'not checked',
      found: `nobody asks for it, and it does not run here: ${why}${toInstall && `; ${toInstall}`}`,
    };
  }
  const found = `does not run here: ${why}`;
  const other =
    asked === 'strict' ? 'set models.providers: auto and name no device' : `take ${name} out of the providers`;
  const todo = toInstall === '' ? other : `${toInstall}; or ${other}`;
  return { check, state: asked === 'strict' ? 'wrong' : 'warning', found, todo };
}

const milliseconds = (ms: number) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

function counted(nodes: Readonly<Record<string, number>>): string {
  const counts = Object.entries(nodes).map(([provider, count]) => `${count} on ${provider}`);
  return `heavy nodes: ${counts.join(', ')}`;
}
