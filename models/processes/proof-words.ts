import type { RoleProof } from './role-report.ts';

/** `detector retinaface-mobilenet025 runs on cuda (57 of 57 heavy nodes)`, for the log. */
export function proofWords({ role, model, provider, requested, degraded, nodes, passedOver }: RoleProof): string {
  const all = Object.values(nodes).reduce((sum, count) => sum + count, 0);
  const counted = all === 0 ? 'not counted' : `${nodes[provider] ?? 0} of ${all} heavy nodes`;
  const asked = degraded ? `, not on ${requested[0]} as asked for` : '';
  const why = passedOver.map((each) => `; ${each.why}`).join('');
  return `the ${role} ${model} runs on ${provider} (${counted})${asked}${why}`;
}
