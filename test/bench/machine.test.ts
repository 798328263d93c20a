import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { describeMachine, machineLine, troubles, watchMachine } from '../../bench/machine.ts';

const BURNT_S = 0.3;
/** By the processor's time, so that it is as much on a busy machine. */
const BURN = `while (process.cpuUsage().user < ${BURNT_S * 1e6});`;

describe('the machine', () => {
  it('is described without a name of a person, folder or host', () => {
    const line = machineLine(describeMachine());
    expect(line).toContain(`Node ${process.versions.node}`);
    expect(line).not.toContain('/');
  });

  it.runIf(process.platform === 'linux')('counts what its own children used as its own', async () => {
    const end = await watchMachine();
    const child = spawn(process.execPath, ['-e', BURN], { stdio: 'ignore' });
    await once(child, 'exit');
    const { seconds, ownShare, othersShare, stolenShare } = await end();
    // A tick of the kernel's clock more or less.
    expect((ownShare as number) * (seconds as number) * describeMachine().cores).toBeGreaterThan(BURNT_S - 0.1);
    expect((ownShare as number) + (othersShare as number) + (stolenShare as number)).toBeLessThanOrEqual(1.05);
  });

  it('is said to be busy where others take more than a twentieth, or another machine on the host a fiftieth', () => {
    expect(troubles({ othersShare: 0.04, stolenShare: 0.01 })).toEqual([]);
    expect(troubles({ othersShare: null, stolenShare: null })).toEqual([]);
    expect(troubles({ othersShare: 0.2, stolenShare: 0.1 })).toEqual([
      'other programs took 20 % of the cores',
      '10 % of the cores’ time was stolen by other machines on this host',
    ]);
  });
});
