import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startFacegate } from '../support/facegate-process.ts';
import { requirement } from '../support/requirements.ts';

it.skipIf(!requirement('shared').met)(
  'rules that change while facegate starts hold when it watches',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'facegate-start-'));
    const file = join(folder, 'facegate.yaml');
    const write = (allow: string) =>
      writeFileSync(
        file,
        `cameras: [{ id: front, url: "rtsp://127.0.0.1:9/x" }]\ndoors: [{ id: lobby, cameras: [front], allow: [${allow}] }]\n`,
      );
    write('Ada');
    try {
      const starting = startFacegate(['serve', '--config', file, '--data', join(folder, 'data'), '--port', '0']);
      // The settings are read by then; the networks are not.
      await eventually('the data folder', () => existsSync(join(folder, 'data', 'events.db')), 60_000);
      write('Bob');
      await using facegate = await starting;
      const allowed = async () => {
        const answer = await fetch(`${facegate.address}/doors/lobby`);
        const { allow } = (await answer.json()) as { allow: { subject: string }[] };
        return allow.map(({ subject }) => subject).join();
      };
      const nowMs = performance.now();
      while ((await allowed()) !== 'Bob' && performance.now() - nowMs < 5000)
        await new Promise((r) => setTimeout(r, 100));
      expect(await allowed()).toBe('Bob');
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  120_000,
);
