import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { describe, expect, it } from 'vitest';
import { lowerPriority, workNiceness } from '../../config/work-priority.ts';

describe('lowerPriority', () => {
  it.skipIf(process.platform === 'win32')('puts a process below this one', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    expect(lowerPriority(child.pid!)).toBeNull();
    expect(getPriority(child.pid!)).toBe(workNiceness());
    expect(workNiceness()).toBeGreaterThan(getPriority());
    child.kill();
    await once(child, 'exit');
    // Gone: said, not thrown.
    expect(lowerPriority(child.pid!)).toMatchObject({ code: 'ERR_SYSTEM_ERROR' });
  });
});
