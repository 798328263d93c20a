import { describe, expect, it } from 'vitest';
import { proofWords } from '../../../models/processes/proof-words.ts';
import type { RoleProof } from '../../../models/processes/role-report.ts';
import { worstProofs } from '../../../models/processes/worst-proofs.ts';

const good: RoleProof = {
  role: 'detector',
  model: 'retinaface-mobilenet025',
  requested: ['cuda', 'cpu'],
  provider: 'cuda',
  nodes: { cuda: 57 },
  degraded: false,
  passedOver: [],
};
const bad: RoleProof = {
  ...good,
  provider: 'cpu',
  nodes: { cpu: 57 },
  degraded: true,
  passedOver: [{ provider: 'cuda', why: 'the execution provider cuda cannot run it: no device' }],
};
const embedder: RoleProof = { ...good, role: 'embedder', model: 'mobilefacenet-arcface-128d' };

describe('worstProofs', () => {
  it.each([
    [
      'all are well',
      [
        [good, embedder],
        [good, embedder],
      ],
      [good, embedder],
    ],
    [
      'the last one fell back',
      [
        [good, embedder],
        [bad, embedder],
      ],
      [bad, embedder],
    ],
    [
      'the first one fell back',
      [
        [bad, embedder],
        [good, embedder],
      ],
      [bad, embedder],
    ],
    ['there is none', [], []],
  ])('tells the worst where %s', (_, processes, expected) => {
    expect(worstProofs(processes)).toEqual(expected);
  });
});

describe('proofWords', () => {
  it.each([
    [good, 'the detector retinaface-mobilenet025 runs on cuda (57 of 57 heavy nodes)'],
    [
      bad,
      'the detector retinaface-mobilenet025 runs on cpu (57 of 57 heavy nodes), not on cuda as asked for; the execution provider cuda cannot run it: no device',
    ],
    [{ ...good, provider: 'cpu', nodes: {} }, 'the detector retinaface-mobilenet025 runs on cpu (not counted)'],
  ])('says %#', (proof, words) => {
    expect(proofWords(proof)).toBe(words);
  });
});
