import { hasProviderLibrary } from './runtime-folder.ts';

/** What `providers: auto` tries first on this machine, as far as its files tell; whether it runs shows when it runs. */
export async function autoProvider(): Promise<'cpu' | 'cuda' | 'coreml'> {
  if (process.platform === 'darwin') return 'coreml';
  return (await hasProviderLibrary('cuda')) ? 'cuda' : 'cpu';
}
