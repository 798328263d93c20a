import { deviceWords, type TenantDefinition } from './tenant-definition.ts';

/**
 * Whether the process of a tenant with a GPU or slice of its own sees that one and no other.
 *
 * @param visibleGpus as its process counted them; null: it did not.
 * @returns what is wrong, for people; null: nothing, or nobody knows.
 */
export function checkVisibleGpus(definition: TenantDefinition, visibleGpus: number | null): string | null {
  const { device } = definition;
  if (device === undefined || device === 'cpu' || visibleGpus === null || visibleGpus === 1) return null;
  const seen = visibleGpus === 0 ? 'none' : `${visibleGpus} of them`;
  return `its device is ${deviceWords(definition)}, so its process should see one GPU or slice, and sees ${seen}: look at CUDA_VISIBLE_DEVICES of its process, and at MIG in docs/deploy.md`;
}
