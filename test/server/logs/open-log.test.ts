import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settingsSchema } from '../../../config/settings-schema.ts';
import { logFilePlace, openLog, openLogFile } from '../../../server/logs/open-log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const lines = () => {
  const all: Record<string, unknown>[] = [];
  return { all, write: (line: string) => void all.push(JSON.parse(line)) };
};
const words = (each: { all: Record<string, unknown>[] }) => each.all.map(({ msg }) => msg);

describe('the log', () => {
  it('goes to stderr and to the file, whole', () => {
    const [stderr, file] = [lines(), lines()];
    const log = openLog({ level: 'debug', stderr, file });
    log.debug('so');
    log.error({ of: { key: 'secret', password: 'secret' } }, 'wrong');
    expect(file.all).toEqual(stderr.all);
    expect(words(file)).toEqual(['so', 'wrong']);
    expect(JSON.stringify(file.all)).not.toContain('secret');
    expect(file.all[0]).toEqual({ level: 20, time: expect.stringMatching(/^\d{4}-.*Z$/), msg: 'so' });
  });

  it('of a tenant names it in each line, and bothers the gateway with errors alone', () => {
    const [stderr, file] = [lines(), lines()];
    const log = openLog({ level: 'info', tenant: 'lobby', stderr, file, stderrFrom: 'error' });
    log.debug('nothing');
    log.info('so');
    log.child({ camera: 'front' }).error('wrong');
    expect([words(file), words(stderr)]).toEqual([['so', 'wrong'], ['wrong']]);
    expect(file.all.map(({ tenant }) => tenant)).toEqual(['lobby', 'lobby']);
  });

  it('has a file where the settings name a folder, relative to where they lie', async () => {
    const at = { baseDir: folder, tenant: 'lobby' };
    expect(logFilePlace(settingsSchema.parse({}).log, at)).toBeNull();
    const place = logFilePlace(settingsSchema.parse({ log: { folder: 'logs', maxSize: '1 MB' } }).log, at);
    expect(place).toEqual({ path: join(folder, 'logs', 'lobby.log'), maxBytes: 1_000_000, files: 3 });
    writeFileSync(join(folder, 'logs'), '');
    expect(() => openLogFile(place as NonNullable<typeof place>)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('log.folder') }),
    );
  });

  it('of the program that could not start is in the file too, all of it', () => {
    const config = join(folder, 'facegate.yaml');
    writeFileSync(
      config,
      'log: { folder: logs }\nserver: { host: 203.0.113.7, port: 0 }\nmodels: { detector: { nms: 0.9 } }\n',
    );
    const main = new URL('../../../cli/main.ts', import.meta.url).pathname;
    const { stderr, status } = spawnSync(
      process.execPath,
      [main, 'serve', '-c', config, '-d', join(folder, 'data'), '--log-level', 'debug'],
      { encoding: 'utf8', timeout: 60_000, env: { ...process.env, FACEGATE_MODEL_MIRROR: '' } },
    );
    expect([status, stderr]).not.toEqual([0, '']);
    const written = readFileSync(join(folder, 'logs', 'default.log'), 'utf8')
      .split('\n')
      .filter(Boolean);
    expect(written.length).toBeGreaterThan(1);
    const logged = stderr.split('\n').filter((line) => line.startsWith('{'));
    expect(written).toEqual(logged);
    expect(written.some((line) => JSON.parse(line).level === 20 || JSON.parse(line).msg.includes('nms'))).toBe(true);
  });
});
