// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what one writes in the file.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AppError } from '../../config/app-error.ts';
import { loadSettings } from '../../config/load-settings.ts';
import { DETECTOR_PRESETS } from '../../config/presets.ts';
import { type SettingsInput, settingsSchema } from '../../config/settings-schema.ts';

const folder = mkdtempSync(join(tmpdir(), 'facegate-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function write(content: string | Uint8Array): string {
  const file = join(folder, `${++files}.yaml`);
  writeFileSync(file, content);
  return file;
}

function load(yaml: string | Uint8Array, o: { env?: Record<string, string>; overrides?: SettingsInput } = {}) {
  return loadSettings({ file: write(yaml), env: o.env ?? {}, ...(o.overrides && { overrides: o.overrides }) });
}

function problemOf(yaml: string | Uint8Array, o: Parameters<typeof load>[1] = {}): AppError {
  try {
    load(yaml, o);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

const camera = (fields: string) => `cameras:\n  - { id: front, url: "rtsp://10.0.0.5/live", ${fields} }\n`;

describe('loadSettings', () => {
  it('has a default for everything', () => {
    const { settings, file, baseDir, warnings } = loadSettings({ env: {} });
    expect({ file, baseDir, warnings }).toEqual({ file: null, baseDir: process.cwd(), warnings: [] });
    expect(settings.server).toMatchObject({ host: '127.0.0.1', port: 8080 });
    expect(settings.models.detector).toMatchObject({ confidence: null, nms: 0.4, deadlineMs: 5000 });
    expect(settings.cameras).toEqual([]);
  });

  it.each(['', '# nothing but a comment\n', '{}', 'server:\ncameras:\nmodels: { detector: }\n'])(
    'takes %j as the defaults',
    (yaml) => {
      expect(load(yaml).settings).toEqual(loadSettings({ env: {} }).settings);
    },
  );

  it('reads the file, and durations as milliseconds', () => {
    const { settings } = load(
      `${camera('fps: 2.5, timeout: 7s')}doors:\n  - { id: lobby, cameras: [front], allow: [Ada], confirm: { within: 1.5s } }\n`,
    );
    expect(settings.cameras[0]).toMatchObject({ id: 'front', fps: 2.5, timeout: 7000, width: 1280, transport: 'tcp' });
    expect(settings.doors[0]).toMatchObject({
      confirm: { matches: 3, within: 1500 },
      maxAge: 500,
      cooldown: 5000,
    });
  });

  it('puts the command line above the file: mappings merge, lists are replaced', () => {
    const yaml = `server: { host: 0.0.0.0, port: 9000 }\n${camera('fps: 9')}`;
    const overrides = { server: { port: 7000 }, cameras: [{ id: 'film', url: 'file:clip.mp4' }], dataDir: undefined };
    const { settings } = load(yaml, { overrides });
    expect(settings.server).toMatchObject({ host: '0.0.0.0', port: 7000 });
    expect(settings.cameras.map(({ id }) => id)).toEqual(['film']);
  });

  it('does not judge what the command line replaces', () => {
    const yaml = 'cameras:\n  - { id: front, url: "${NOT_SET}", fps: 0 }\n';
    expect(load(yaml, { overrides: { cameras: [] } }).settings.cameras).toEqual([]);
  });

  describe('detector presets', () => {
    it.each(Object.entries(DETECTOR_PRESETS))('%s', (preset, expected) => {
      expect(load(`models: { detector: { preset: ${preset} } }`).settings.models.detector).toMatchObject(expected);
    });

    it('give way to a value of its own', () => {
      const { detector } = load('models: { detector: { preset: album, nms: 0.35 } }').settings.models;
      expect(detector).toMatchObject({ confidence: null, nms: 0.35 });
    });
  });

  describe('paths', () => {
    it('are relative to the file, wherever one stands', () => {
      mkdirSync(join(folder, 'etc'), { recursive: true });
      const file = join(folder, 'etc', 'facegate.yaml');
      writeFileSync(
        file,
        'dataDir: ../var\nffmpeg: ./bin/ffmpeg\nsteps: [blur2.mjs, /opt/step.mjs]\nserver: { tls: { cert: a.crt, key: a.pem } }\n',
      );
      const { settings, baseDir } = loadSettings({ file, env: {} });
      expect(baseDir).toBe(join(folder, 'etc'));
      expect(settings.dataDir).toBe(join(folder, 'var'));
      expect(settings.ffmpeg).toBe(join(folder, 'etc/bin/ffmpeg'));
      expect(settings.steps).toEqual([join(folder, 'etc/blur2.mjs'), '/opt/step.mjs']);
      expect(settings.server.tls).toEqual({ cert: join(folder, 'etc/a.crt'), key: join(folder, 'etc/a.pem') });
    });

    it('leave a bare program name to the PATH', () => {
      expect(load('ffmpeg: ffmpeg6').settings.ffmpeg).toBe('ffmpeg6');
    });
  });

  describe('environment variables', () => {
    const url = (yaml: string, env: Record<string, string>) => load(yaml, { env }).settings.cameras[0]?.url;

    it.each([
      ['a whole value', '"${URL}"', 'rtsp://a:b@h/x'],
      ['part of one', '"rtsp://10.0.0.5/${NAME}/${NAME}"', 'rtsp://10.0.0.5/a b/a b'],
      [
        'a password with @, / and :, encoded',
        '"rtsp://${USER}:${PASSWORD}@10.0.0.5/x"',
        'rtsp://ad%20min:p%40s%2Fs%3A%251@10.0.0.5/x',
      ],
      ['not where there are no credentials', '"rtsp://${HOST}/a@${NAME}"', 'rtsp://cam:554/a@a b'],
      ['an escaped one', '"file:$${NAME}"', 'file:${NAME}'],
      ['a single dollar', '"file:$NAME$"', 'file:$NAME$'],
      ['what looks like one in a value, not again', '"file:${TRICK}"', 'file:${NAME}'],
    ])('fill in %s', (_, written, expected) => {
      const env = {
        URL: 'rtsp://a:b@h/x',
        NAME: 'a b',
        USER: 'ad min',
        PASSWORD: 'p@s/s:%1',
        HOST: 'cam:554',
        TRICK: '${NAME}',
      };
      expect(url(`cameras:\n  - { id: front, url: ${written} }`, env)).toBe(expected);
    });

    it('are not looked for in keys', () => {
      expect(problemOf('"${NAME}": 1', { env: { NAME: 'server' } }).message).toContain('${NAME} is not a setting');
    });

    it('that are not set are all named, with the key that needs each', () => {
      const error = problemOf(
        'cameras:\n  - { id: a, url: "rtsp://x:${FRONT_PASSWORD}@h/1" }\nkeys:\n  - { name: a, key: "${EMPTY}", scopes: [read] }\n',
        { env: { EMPTY: '' } },
      );
      expect(error.code).toBe('CONFIG_SECRET_MISSING');
      expect(error.message.split('\n')).toEqual([
        'cameras[0].url needs the environment variable FRONT_PASSWORD, which is not set (line 2)',
        'keys[0].key needs the environment variable EMPTY, which is not set (line 4)',
      ]);
    });

    it.each(['${', '${1X}', '${A-B}', '${NAME'])('must be names: %s', (written) => {
      const error = problemOf(`cameras:\n  - { id: front, url: "file:${written}" }`, { env: { NAME: 'x' } });
      expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
      expect(error.message).toContain('cameras[0].url has a "${" that names no variable');
    });
  });

  describe('problems', () => {
    it.each([
      ['fps 0', camera('fps: 0'), 'cameras[0].fps must be between 1 and 60, got 0 (line 2)'],
      ['fps 61', camera('fps: 61'), 'cameras[0].fps must be between 1 and 60, got 61 (line 2)'],
      ['fps as text', camera('fps: fast'), 'cameras[0].fps must be between 1 and 60, got "fast" (line 2)'],
      ['fps as nothing', camera('fps: '), 'cameras[0].fps must be between 1 and 60, got nothing (line 2)'],
      ['fps not a number', camera('fps: .nan'), 'cameras[0].fps must be between 1 and 60, got NaN (line 2)'],
      [
        'a fraction of a pixel',
        camera('width: 640.5'),
        'cameras[0].width must be a whole number between 160 and 3840, got 640.5 (line 2)',
      ],
      [
        'a port',
        'server: { port: 65536 }',
        'server.port must be a whole number between 0 and 65535, got 65536 (line 1)',
      ],
      [
        'an input size',
        'models: { detector: { inputSize: 500 } }',
        'models.detector.inputSize must be a multiple of 32 between 128 and 2048, got 500 (line 1)',
      ],
      [
        'a scope by its former name',
        `keys:\n  - { name: a, key: ${'k'.repeat(24)}, scopes: [read, analyse] }`,
        'keys[0].scopes[1] must be read, recognize, enroll, door, pictures or admin ("analyse" is called "recognize" now), got "analyse" (line 2)',
      ],
      ['a choice', camera('transport: http'), 'cameras[0].transport must be tcp or udp, got "http" (line 2)'],
      ['a switch', camera('loop: "yes"'), 'cameras[0].loop must be true or false, got "yes" (line 2)'],
      [
        'a duration',
        camera('timeout: 5'),
        'cameras[0].timeout must be a duration like "500ms", "5s" or "10m", between 1s and 60s, got 5 (line 2)',
      ],
      ['a long duration', camera('timeout: 2m'), 'cameras[0].timeout must be between 1s and 60s, got "2m" (line 2)'],
      [
        'providers',
        'models: { providers: 5 }',
        'models.providers must be "auto" or a list of execution providers like ["cuda", "cpu"], got 5 (line 1)',
      ],
      [
        'a provider that is none',
        'models: { providers: [cuda, gpu] }',
        'models.providers[1] must be an execution provider (cpu, cuda, tensorrt, webgpu, coreml, dml; NVIDIA GPUs: cuda), got "gpu" (line 1)',
      ],
      [
        'no provider at all',
        'models: { embedder: { providers: [] } }',
        'models.embedder.providers must name at least one execution provider, like ["cuda", "cpu"], got an empty list (line 1)',
      ],
      [
        'a device that no provider of the list runs on',
        'models:\n  detector: { device: "cuda:0", providers: [CPUExecutionProvider] }',
        'models.detector.providers must have "cuda" or "tensorrt" for the device cuda:0, got ["cpu"] (line 2)',
      ],
      [
        'the same of a scorer',
        'models:\n  scorers: [{ model: minifasnet, device: cpu, providers: [cuda] }]',
        'models.scorers[0].providers must have "cpu" for the device cpu, got ["cuda"] (line 2)',
      ],
      [
        'auto for a scorer',
        'models: { scorers: [{ model: auto }] }',
        'models.scorers[0].model must be the name of a scorer like "minifasnet", or the path of an .onnx file, got "auto" (line 1)',
      ],
      ['a list', 'cameras: front', 'cameras must be a list, got "front" (line 1)'],
      ['a mapping', 'server: 8080', 'server must be a mapping of settings, got 8080 (line 1)'],
      ['the whole', '- 1', 'the configuration must be a mapping of settings, got a list'],
      ['what is missing', 'cameras:\n  - id: front\n', 'cameras[0].url is missing (line 2)'],
      [
        'an unknown key',
        'cameras:\n  - id: a\n    url: "file:x"\n    ulr: 1\n',
        'cameras[0].ulr is not a setting; did you mean url? (line 4)',
      ],
      [
        'another way of writing',
        camera('device_fps: 3'),
        'cameras[0].device_fps is not a setting; did you mean deviceFps? (line 2)',
      ],
      ['a key of elsewhere', 'port: 80', 'port is not a setting; did you mean server.port? (line 1)'],
      [
        'a key like none',
        'log: { colour: 1 }',
        'log.colour is not a setting; known here: level, folder, maxSize, files (line 1)',
      ],
      [
        'a key with a bad name',
        '__proto__: { a: 1 }',
        `__proto__ is not a setting; known here: ${Object.keys(settingsSchema.shape).join(', ')} (line 1)`,
      ],
      [
        'an id',
        'cameras:\n  - { id: "Front Door", url: "file:x" }',
        'cameras[0].id must be 1 to 64 of a–z, 0–9, "-" and "_", starting with a letter or digit, got "Front Door" (line 2)',
      ],
      [
        'two cameras of one name',
        'cameras:\n  - { id: a, url: "file:x" }\n  - { id: a, url: "file:y" }',
        'cameras[1].id must be unique, got "a" again (cameras[0]) (line 3)',
      ],
      [
        'two doors of one name',
        `${camera('')}doors:\n  - { id: d, cameras: [front] }\n  - { id: d, cameras: [front] }`,
        'doors[1].id must be unique, got "d" again (doors[0]) (line 5)',
      ],
      [
        'a door without a camera',
        'doors:\n  - { id: d, cameras: [] }',
        'doors[0].cameras must name at least one camera, got an empty list (line 2)',
      ],
      [
        'an unknown camera',
        `${camera('')}doors:\n  - { id: d, cameras: [front, fornt] }`,
        'doors[0].cameras[1] names no camera, got "fornt"; did you mean front? (line 4)',
      ],
      [
        'a camera of nothing',
        'doors:\n  - { id: d, cameras: [front] }',
        'doors[0].cameras[0] names no camera, got "front"; no camera is configured (line 2)',
      ],
      [
        'a scheme',
        'cameras:\n  - { id: a, url: "gopher://10.0.0.5/x" }',
        'cameras[0].url must start with rtsp://, rtsps://, http://, https://, webcam:, file: or test:, got "gopher://10.0.0.5/x" (line 2)',
      ],
      [
        'no scheme',
        'cameras:\n  - { id: a, url: clip.mp4 }',
        'cameras[0].url must start with rtsp://, rtsps://, http://, https://, webcam:, file: or test:, got "clip.mp4" (write file:… for a file) (line 2)',
      ],
      [
        'no host',
        'cameras:\n  - { id: a, url: "rtsp:///live" }',
        'cameras[0].url must name a host: rtsp://host:port/path, got "rtsp:///live" (line 2)',
      ],
      [
        'a further address of a device',
        camera('failover: ["file:b.mp4"]'),
        'cameras[0].failover[0] must start with rtsp://, rtsps://, http:// or https://, got "file:b.mp4" (line 2)',
      ],
      [
        'two passwords',
        camera('username: u, password: p, passwordFile: f'),
        'cameras[0].passwordFile and password are both set; one is enough (line 2)',
      ],
      ['a password of nobody', camera('password: p'), 'cameras[0].password needs a username beside it (line 2)'],
      [
        'an area without corners',
        camera('masks: [[[0, 0], [1, 1]]]'),
        'cameras[0].masks[0] must have at least 3 corners, got a list (line 2)',
      ],
      [
        'an area that is a line',
        camera('zones: [[[0, 0], [0.5, 0.5], [1, 1]]]'),
        'cameras[0].zones[0] must enclose an area, got a list (line 2)',
      ],
      [
        'a corner beyond the picture',
        camera('zones: [[[0, 0], [1.5, 0], [1, 1]]]'),
        'cameras[0].zones[0][1][0] must be between 0 and 1, got 1.5 (line 2)',
      ],
      ['no file', 'cameras:\n  - { id: a, url: "file:" }', 'cameras[0].url must name a file after "file:" (line 2)'],
      [
        'an origin',
        'server: { origins: ["example.com/x"] }',
        'server.origins[0] must be an origin like "https://console.example.com", got "example.com/x" (line 1)',
      ],
    ])('name %s', (_, yaml, message) => {
      const error = problemOf(yaml);
      expect(error.message).toBe(message);
      expect(error.code).toBe('CONFIG_INVALID');
    });

    it('are all named at once, one a line', () => {
      const error = problemOf(
        'port: 1\nserver: { prot: 1 }\ncameras:\n  - { id: a, url: "ftp://x", fps: 0 }\n  - { id: a, url: "file:x" }\ndoors:\n  - { id: d, cameras: [b] }\n',
      );
      const keys = error.message.split('\n').map((line) => line.split(' ')[0]);
      expect(keys.sort()).toEqual(
        ['port', 'server.prot', 'cameras[0].fps', 'cameras[0].url', 'cameras[1].id', 'doors[0].cameras[0]'].sort(),
      );
      expect(error.details).toMatchObject({ problems: error.message.split('\n') });
    });

    it('of the file stay problems when the command line says more', () => {
      const overrides = { server: { port: 1 } };
      expect(problemOf('- 1', { overrides }).message).toBe(
        'the configuration must be a mapping of settings, got a list',
      );
      expect(problemOf('server: 8080', { overrides }).message).toMatch(
        /^server must be a mapping of settings, got 8080/,
      );
    });

    it('of the command line have no line of the file', () => {
      const error = problemOf('server: { port: 1 }\n', { overrides: { server: { port: -1 } } });
      expect(error.message).toBe('server.port must be a whole number between 0 and 65535, got -1');
    });

    it.each([
      ['a short key', 'keys:\n  - { name: a, key: hunter2, scopes: [read] }'],
      ['a key in a list', 'keys:\n  - { name: a, key: [hunter2], scopes: [read] }'],
      ['an address with a wrong scheme', 'cameras:\n  - { id: a, url: "ftp://admin:hunter2@10.0.0.5/x" }'],
      ['an address without a scheme', 'cameras:\n  - { id: a, url: "admin:hunter2@10.0.0.5/x" }'],
      ['a parameter', 'cameras:\n  - { id: a, url: "ftp://cam/?user=a&password=hunter2" }'],
      ['a password that breaks its address', 'cameras:\n  - { id: a, url: "ftp://admin:hun/hunter2@10.0.0.5/x" }'],
      ['a password that is not text', camera('password: [hunter2]')],
      ['a further address', camera('failover: ["ftp://admin:hunter2@10.0.0.5/x"]')],
      ['an address in the wrong place', camera('fps: "rtsp://admin:hunter2@10.0.0.5/x"')],
      ['what came from the environment', camera('deviceSize: "${SECRET}"')],
      [
        'an id from the environment',
        'cameras:\n  - { id: "${SECRET}", url: "file:x" }\ndoors:\n  - { id: d, cameras: [x] }',
      ],
      ['text that is not YAML', 'keys:\n  - { name: a, key: "hunter2 }'],
      ['text that is not YAML either', 'password: hunter2: hunter2\n\thunter2'],
      ['a key that stands twice', 'keys: []\nkeys: [hunter2]'],
      ['a tag', 'dataDir: !hunter2 x'],
    ])('never show a secret: %s', (_, yaml) => {
      const error = problemOf(yaml, { env: { SECRET: 'Hunter2 hunter2' } });
      expect(error.message).not.toBe('');
      expect(JSON.stringify([error.message, error.details])).not.toMatch(/hunter2/i);
    });

    it('keep to one short line whatever the value is', () => {
      const error = problemOf(camera(`deviceSize: "line\\nbreak\\u202e${'x'.repeat(500)}"`));
      expect(error.message).toMatch(
        /^cameras\[0\]\.deviceSize must be a size like "1280x720", got "line\?break\?x+…" \(line 2\)$/,
      );
      expect(error.message.length).toBeLessThan(200);
    });
  });

  describe('the file', () => {
    it.each([
      ['a key twice', 'log: {}\nserver: {}\nlog: {}\n', /line 3: this key stands here a second time/],
      ['a tab', 'server:\n\tport: 1\n', /line 2: indent with spaces, not with tabs/],
      ['two documents', 'log: {}\n---\nlog: {}\n', /one document only/],
      ['a tag', 'dataDir: !!js/function x\n', /line 1: tags/],
      ['an unknown alias', 'dataDir: *nowhere\n', /alias/],
      ['an open quote', 'dataDir: "x\n', /closing quote/],
      ['a colon in plain text', 'dataDir: a: b\n', /a second ": "/],
    ])('with %s names the line', (_, yaml, message) => {
      const error = problemOf(yaml);
      expect(error.code).toBe('CONFIG_INVALID');
      expect(error.message).toMatch(message);
      expect(error.message).toContain('.yaml line ');
    });

    it('that does not exist is named', () => {
      const file = join(folder, 'nowhere.yaml');
      expect(() => loadSettings({ file, env: {} })).toThrow(`the configuration file ${file} does not exist`);
      expect(() => loadSettings({ file: folder, env: {} })).toThrow('is a folder');
    });

    it('is not read when it is far too large', () => {
      expect(problemOf(`# ${'x'.repeat(1_100_000)}`).message).toMatch(/must have at most 1048576 bytes, got 1100002$/);
    });

    it('must be text', () => {
      expect(problemOf(Uint8Array.of(0x66, 0xff, 0xfe)).message).toMatch(/must be text in UTF-8$/);
    });

    it('may not multiply itself by aliases', () => {
      const laughs = ['a: &a [x, x, x, x, x, x, x, x, x]'];
      for (let i = 1; i < 9; i += 1) {
        const [name, before] = ['abcdefghi'[i], 'abcdefghi'[i - 1]];
        laughs.push(`${name}: &${name} [${Array(9).fill(`*${before}`).join(', ')}]`);
      }
      expect(problemOf(laughs.join('\n')).message).toMatch(/too many aliases$/);
    });

    it('may not be nested without end', () => {
      const error = problemOf(`steps: ${'['.repeat(100_000)}`);
      expect(error.code).toBe('CONFIG_INVALID');
    });

    it('may share settings by an alias', () => {
      const { settings } = load(
        `doors:\n  - { id: a, cameras: &all [front] }\n  - { id: b, cameras: *all }\n${camera('')}`,
      );
      expect(settings.doors.map(({ cameras }) => cameras)).toEqual([['front'], ['front']]);
    });
  });

  describe('warnings', () => {
    it.each([
      [
        'nms 0.2',
        'models: { detector: { nms: 0.2 } }',
        'models.detector.nms is usually between 0.3 and 0.6, got 0.2: neighbouring faces may be merged into one',
      ],
      [
        'nms 0.7',
        'models: { detector: { nms: 0.7 } }',
        'models.detector.nms is usually between 0.3 and 0.6, got 0.7: one face may be reported several times',
      ],
      [
        'a door for nobody',
        `${camera('')}doors: [{ id: d, cameras: [front] }]`,
        'doors[0].allow is empty: door "d" denies everybody',
      ],
      [
        'a door whose camera is off',
        `${camera('enabled: false')}doors: [{ id: d, cameras: [front], allow: [A] }]`,
        'doors[0].cameras names "front", which is not enabled: it opens nothing',
      ],
    ])('say what is probably not meant: %s', (_, yaml, warning) => {
      expect(load(yaml).warnings).toEqual([warning]);
    });

    it.each([0.3, 0.6])('say nothing of nms %d', (nms) => {
      expect(load(`models: { detector: { nms: ${nms} } }`).warnings).toEqual([]);
    });
  });
});
