import type { ProviderName } from '../config/execution-providers.ts';

/** What a run of the benches may be told; each part says which of them it takes and has defaults of its own. */
export interface BenchOptions {
  /** On which the networks have proved to run (on-provider.ts). Default: the CPU, where the product would take nothing else. */
  readonly provider?: ProviderName;
  /** Of each measurement that counts. */
  readonly seconds?: number;
  /** How often each is measured. */
  readonly rounds?: number;
  /** Of each trial while the most cameras are sought. */
  readonly trialSeconds?: number;
  /** Of the film, a run. */
  readonly frames?: number;
  /** Cameras that are known to be sustained. */
  readonly cameras?: number;
  /** Frames a second that are analysed of each camera. */
  readonly fps?: number;
  readonly scene?: readonly string[];
  readonly clients?: number;
  readonly pictureClients?: number;
  /** With a camera each. */
  readonly tenants?: number;
  readonly watch?: 'one' | 'all';
}
