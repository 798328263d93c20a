import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadSettings } from '../../config/load-settings.ts';
import { isIgnored, readDockerfile, type Stage } from '../support/dockerfile.ts';
import { parseCommand } from '../support/our-command-line.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const text = read('deploy/docker/Dockerfile');
const stages = readDockerfile(text);
const ignore = read('.dockerignore');
const manifest = JSON.parse(read('package.json')) as {
  version: string;
  engines: { node: string };
  bin: { facegate: string };
};
const IMAGES = ['cpu', 'cuda'];

const stageOf = (name: string) => stages.find((stage) => stage.name === name) as Stage;
const all = (stage: Stage, name: string) => stage.instructions.filter((each) => each.name === name);
const one = (stage: Stage, name: string) => {
  const found = all(stage, name);
  expect(found, `${name} in ${stage.name}`).toHaveLength(1);
  return found[0]!.text;
};
const execForm = (instruction: string) => JSON.parse(instruction.slice(instruction.indexOf('['))) as string[];

describe('the Dockerfile', () => {
  it('has the stages that the build commands in it name', () => {
    const targets = [...text.matchAll(/--target (\w+)\s+-t facegate:(\S+)/g)].map(([, target, tag]) => [target, tag]);
    expect(targets).toEqual([
      ['cpu', manifest.version],
      ['cuda', `${manifest.version}-cuda`],
    ]);
    expect(stages.map(({ name }) => name)).toEqual(expect.arrayContaining(IMAGES));
    expect(stages.at(-1)?.name, 'what a build without --target makes').toBe('cpu');
  });

  it('begins each stage from an exact version, or from an earlier stage', () => {
    stages.forEach(({ from }, i) => {
      if (stages.slice(0, i).some(({ name }) => name === from)) return;
      expect(from).toMatch(/^[a-z/]+:\d+\.\d+\.\d+-[a-z0-9.-]+$/);
    });
    expect(stageOf('cpu').from).toMatch(/^node:24\./);
    expect(stageOf('cuda').from).toMatch(/^nvidia\/cuda:12\..*-cudnn-runtime-/);
  });

  it('copies what is there, and is let through, and nothing of a stage that is not', () => {
    for (const [i, stage] of stages.entries()) {
      for (const { text: copy } of all(stage, 'COPY')) {
        const words = copy.split(' ');
        const from = words.find((word) => word.startsWith('--from='))?.slice(7);
        if (from !== undefined) {
          expect(stages.slice(0, i).map(({ name }) => name)).toContain(from);
          continue;
        }
        for (const source of words.slice(0, -1).filter((word) => word !== '.')) {
          expect(existsSync(join(root, source)), source).toBe(true);
          expect(isIgnored(source, ignore), `${source} in .dockerignore`).toBe(false);
        }
      }
    }
  });

  it('runs programs that are there', () => {
    const node = stages.flatMap((stage) => all(stage, 'RUN')).flatMap(({ text: run }) => run.split(' && '));
    const scripts = node.flatMap((command) => /^node (\S+)/.exec(command.trim())?.[1] ?? []);
    expect(scripts).toHaveLength(3);
    for (const script of scripts) {
      if (script === manifest.bin.facegate) continue;
      expect(existsSync(join(root, script)), script).toBe(true);
    }
  });

  it('fetches the CUDA libraries with a command that there is', async () => {
    const run = all(stageOf('packages-cuda'), 'RUN').map(({ text: each }) => each.split(' '));
    expect(run).toHaveLength(1);
    expect(run[0]?.slice(0, 2)).toEqual(['node', manifest.bin.facegate]);
    expect((await parseCommand(run[0]!.slice(2))).command).toBe('gpu install');
  });

  it('installs packages without running a script of theirs', () => {
    const installs = stages
      .flatMap((stage) => all(stage, 'RUN'))
      .flatMap(({ text: run }) => run.split('&&'))
      .filter((command) => /\bnpm\b/.test(command));
    expect(installs).toHaveLength(2);
    for (const command of installs) expect(command.trim()).toMatch(/^npm ci (--omit=dev )?--ignore-scripts$/);
  });

  describe.each(IMAGES)('the image %s', (name) => {
    const stage = stageOf(name);

    it('runs as a user that is nobody else, to whom its folders belong', () => {
      const [user = '', group] = one(stage, 'USER').split(':');
      expect(Number(user)).toBeGreaterThan(1000);
      expect(group).toBe(user);
      const setup = all(stage, 'RUN')
        .map(({ text: run }) => run)
        .join(' && ');
      expect(setup).toContain(`useradd --uid ${user} --gid ${group} `);
      const volumes = JSON.parse(one(stage, 'VOLUME')) as string[];
      expect(volumes).toEqual(['/workspace/data', '/var/log/app']);
      expect(setup).toContain(`install -d -m 0700 -o ${user} -g ${group} ${volumes.join(' ')}`);
      // After USER nothing is made any more: what there is belongs to root, and the program cannot change itself.
      const names = stage.instructions.map((each) => each.name);
      expect(names.slice(names.indexOf('USER')).filter((each) => each === 'RUN' || each === 'COPY')).toEqual([]);
    });

    it('serves on 0.0.0.0:8000, with settings that are in it', async () => {
      expect(execForm(one(stage, 'ENTRYPOINT'))).toEqual(['tini', '--', 'facegate']);
      expect(all(stage, 'RUN').some(({ text: run }) => run.includes(`ln -s /app/${manifest.bin.facegate} `))).toBe(
        true,
      );
      const { command, options } = await parseCommand(execForm(one(stage, 'CMD')));
      expect(command).toBe('serve');
      expect(options).toEqual({ config: '/etc/facegate/facegate.yaml', host: '0.0.0.0', port: 8000 });
      expect(one(stage, 'EXPOSE')).toBe('8000');
      expect(all(stage, 'COPY').map(({ text: copy }) => copy)).toContain(
        'deploy/docker/facegate.yaml /etc/facegate/facegate.yaml',
      );
    });

    it('keeps its data in a volume', () => {
      const [env] = all(stage, 'ENV').map(({ text: each }) => each.split(' '));
      const home = env?.find((each) => each.startsWith('FACEGATE_HOME='))?.slice('FACEGATE_HOME='.length);
      expect(JSON.parse(one(stage, 'VOLUME'))).toContain(home);
    });

    it('is asked every 30 s whether it lives, and is told to stop with SIGTERM', () => {
      const check = one(stage, 'HEALTHCHECK');
      expect(check).toContain('--interval=30s --timeout=3s --start-period=5s --retries=3 CMD ');
      expect(execForm(check)).toEqual(['node', '/app/deploy/docker/healthcheck.mjs']);
      expect(one(stage, 'STOPSIGNAL')).toBe('SIGTERM');
    });
  });

  it('differs between the images in base, packages and driver only', () => {
    const lines = (name: string) =>
      stageOf(name)
        .instructions.map((each) => `${each.name} ${each.text}`)
        .filter((line) => !/^COPY --from=packages|^ENV /.test(line));
    expect(lines('cuda')).toEqual(lines('cpu'));
  });
});

describe('the settings in the image', () => {
  it('are right', () => {
    expect(loadSettings({ file: join(root, 'deploy/docker/facegate.yaml'), env: {} }).warnings).toEqual([]);
  });
});

describe('what a build sees', () => {
  it('is all that is compiled', () => {
    const listed = execFileSync(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.dist.json', '--listFilesOnly', '--noEmit'],
      { cwd: root, encoding: 'utf8' },
    );
    const ours = listed
      .split('\n')
      .filter((path) => path !== '' && !path.includes('node_modules'))
      .map((path) => relative(root, path));
    expect(ours.length).toBeGreaterThan(100);
    const needed = [...ours, 'tsconfig.dist.json', 'tsconfig.json', 'web/index.html', 'web/vite.config.ts'];
    expect(needed.filter((path) => isIgnored(path, ignore))).toEqual([]);
  });

  it.each([
    '.git/config',
    '.env',
    'facegate.yaml',
    'data/gallery.key',
    'deploy/compose/secrets/admin-key',
    'deploy/compose/.env',
    'node_modules/sharp/package.json',
    'web/node_modules/x',
    'web/dist/index.html',
    'dist/index.js',
    'models/export/requirements.txt',
    'test/house.test.ts',
    'docs/deploy.md',
  ])('is not %s', (path) => {
    expect(isIgnored(path, ignore)).toBe(true);
  });
});

describe('the check of the image', () => {
  const script = join(root, 'deploy/docker/healthcheck.mjs');
  const servers: Server[] = [];
  afterAll(() => {
    for (const server of servers) server.close().closeAllConnections();
  });
  const serve = async (status: number | null) => {
    const server = createServer((_request, response) => void (status && response.writeHead(status).end()));
    servers.push(server);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`;
  };
  const check = (url: string) =>
    new Promise<{ code: number; said: string; ms: number }>((done) => {
      const began = performance.now();
      execFile(process.execPath, [script, url], (error, _stdout, said) =>
        done({ code: Number(error?.code ?? 0), said, ms: performance.now() - began }),
      );
    });

  it('asks the port that the image opens, at an address that needs no key', () => {
    expect(read('deploy/docker/healthcheck.mjs')).toContain(
      `?? 'http://127.0.0.1:${one(stageOf('cpu'), 'EXPOSE')}/health'`,
    );
    expect(read('docs/protocol.md')).toContain('| `GET /health` |');
  });

  it('is content with 200', async () => {
    expect(await check(await serve(200))).toMatchObject({ code: 0, said: '' });
  });

  it('fails where the answer is another, and says which', async () => {
    const url = await serve(503);
    expect(await check(url)).toMatchObject({ code: 1, said: `${url}: it answers 503\n` });
  });

  it('fails where nobody listens', async () => {
    const url = await serve(200);
    await new Promise((closed) => servers.at(-1)?.close(closed));
    expect(await check(url)).toMatchObject({ code: 1, said: `${url}: ECONNREFUSED\n` });
  });

  it('gives up by itself within the 3 s that the engine allows', async () => {
    const { code, ms } = await check(await serve(null));
    expect(code).toBe(1);
    expect(ms).toBeGreaterThan(2000);
  });
});
