import { expect, it } from 'vitest';
import { remoteCamera } from '../../../server/cameras/remote-camera.ts';

const camera = (url: string) => ({ id: 'front', url });

it.each(['webcam:/dev/video1', 'webcam:/dev/video0', 'WebCam:1'])(
  '%s is taken where the machine is this server’s alone',
  (url) => {
    expect(remoteCamera(camera(url)).url).toBe(url);
    expect(() => remoteCamera(camera(url), { machineIsShared: true })).toThrow(
      expect.objectContaining({ code: 'SOURCE_URL_INVALID' }),
    );
  },
);

it.each(['rtsp://10.0.0.5/stream', 'https://10.0.0.5/video', 'test:'])('%s is taken either way', (url) => {
  for (const machineIsShared of [false, true]) expect(remoteCamera(camera(url), { machineIsShared }).url).toBe(url);
});

it.each(['file:clip.mp4', ' file:clip.mp4', 'clip.mp4', 'pipe:0'])('%s is taken in no case', (url) => {
  expect(() => remoteCamera(camera(url))).toThrow(expect.objectContaining({ code: 'SOURCE_URL_INVALID' }));
});
