import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { cameraSchema } from '../../config/settings-schema.ts';
import { suggestId, urlProblem, yamlSnippet } from '../../web/src/wall/camera-draft.ts';

describe('suggestId', () => {
  it.each([
    ['Front Door', '', [], 'front-door'],
    ['Eingang Süd – Tür 2', '', [], 'eingang-sud-tur-2'],
    ['Front', '', ['front', 'front-2'], 'front-3'],
    ['', 'rtsp://user:pw@10.0.0.5/garage', [], 'garage'],
    ['', 'rtsp://user:pw@10.0.0.5:554/stream1', [], 'camera-10-0-0-5'],
    ['', 'webcam:/dev/video0', [], 'video0'],
    ['前门', '', [], 'camera'],
  ])('of %j and %j with %j taken: %s', (name, url, taken, id) => {
    expect(suggestId(name, url, taken)).toBe(id);
  });

  it.each(['x'.repeat(200), '-_-', 'ß'.repeat(70)])('gives an id that the server takes for %s', (name) => {
    const id = suggestId(name, 'rtsp://h/p', ['x'.repeat(64)]);
    expect(cameraSchema.safeParse({ id, url: 'rtsp://h/p' }).success).toBe(true);
  });

  it('never takes a piece of the password', () => {
    expect(suggestId('', 'rtsp://user:geheim@10.0.0.5/', [])).not.toContain('geheim');
  });
});

describe('urlProblem', () => {
  it.each([
    ['', /Enter/],
    ['10.0.0.5/stream', /must start with/],
    ['http://10.0.0.5/', /must start with/],
    ['file:clip.mp4', /configuration only/],
    ['rtsp://', /no host/],
    ['rtsp://10.0.0.5/a b', /blanks/],
  ])('says what is wrong with %j', (url, problem) => {
    expect(urlProblem(url)).toMatch(problem);
  });

  it.each(['rtsp://10.0.0.5/stream', 'RTSPS://cam.local:322/x', 'webcam:/dev/video0', ' rtsp://u:p@h/ '])(
    'takes %j',
    (url) => {
      expect(urlProblem(url)).toBeNull();
    },
  );
});

describe('yamlSnippet', () => {
  const draft = {
    id: 'back-door',
    name: 'Back "door": 1',
    url: 'rtsp://admin:s3:cr@t@10.0.0.5:554/s?a=1',
    fps: 5,
    transport: 'udp' as const,
  };

  it('is YAML that gives the camera back, its password as a variable', () => {
    const { yaml, variable } = yamlSnippet(draft);
    expect(variable).toBe('BACK_DOOR_PASSWORD');
    expect(parse(yaml)).toEqual({
      cameras: [
        {
          id: 'back-door',
          name: 'Back "door": 1',
          // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own variables
          url: 'rtsp://admin:${BACK_DOOR_PASSWORD}@10.0.0.5:554/s?a=1',
          fps: 5,
          transport: 'udp',
        },
      ],
    });
    expect(yaml).not.toContain('s3:cr');
  });

  it.each([
    ['rtsp://u:a/b@10.0.0.5/s', 'rtsp://u:$', '@10.0.0.5/s'],
    ['rtsp://u:a%40b@10.0.0.5/s', 'rtsp://u:$', '@10.0.0.5/s'],
    ['rtsp://10.0.0.5:554/s@x', 'rtsp://10.0.0.5:554/s@x', ''],
    ['rtsp://u@10.0.0.5/s', 'rtsp://u@10.0.0.5/s', ''],
  ])('finds the password of %s, and none where there is none', (url, before, after) => {
    const shown: string = parse(yamlSnippet({ ...draft, url }).yaml).cameras[0].url;
    expect(shown.replace('{BACK_DOOR_PASSWORD}', '')).toBe(before + after);
  });

  it('needs no variable without a password, and no transport without a network', () => {
    const { yaml, variable } = yamlSnippet({ ...draft, name: ' ', url: 'webcam:/dev/video0' });
    expect(variable).toBeNull();
    expect(parse(yaml)).toEqual({ cameras: [{ id: 'back-door', url: 'webcam:/dev/video0', fps: 5 }] });
  });
});
