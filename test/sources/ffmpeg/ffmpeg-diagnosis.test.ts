import { describe, expect, it } from 'vitest';
import { diagnoseFfmpeg, type FfmpegEnding } from '../../../sources/ffmpeg/ffmpeg-diagnosis.ts';
import type { SourceAddress } from '../../../sources/source-address.ts';

const RTSP: SourceAddress = { kind: 'rtsp', url: 'rtsp://ann:secret@10.0.0.5:8554/cam' };
const RTSPS: SourceAddress = {
  kind: 'rtsps',
  url: 'rtsps://ann:secret@10.0.0.5/cam',
  tls: { verify: true, ca: null },
};
const FILE: SourceAddress = { kind: 'file', path: '/clips/a.mp4' };
const WEBCAM: SourceAddress = { kind: 'webcam', format: 'v4l2', device: '/dev/video0' };

function ending(address: SourceAddress, stderr: string, more: Partial<FfmpegEnding> = {}): FfmpegEnding {
  return {
    address,
    complaints: stderr.split('\n'),
    exit: { code: 1, signal: null, error: null },
    frames: 0,
    lastedMs: 80,
    timeoutMs: 5000,
    ...more,
  };
}

const OPEN = "[concat @ 0x55] [error] Impossible to open 'rtsp://ann:secret@10.0.0.5:8554/cam'\n";

// Every text was written by ffmpeg 5.1.9 (files also by the build of 2018) against a real server, file or device,
// unless it says where else it is from.
describe('the diagnosis', () => {
  it.each([
    [
      'wrong password',
      RTSP,
      `[rtsp @ 0x55] [error] method DESCRIBE failed: 401 Unauthorized\n${OPEN}[error] pipe:0: Server returned 401 Unauthorized (authorization failed)`,
      'STREAM_AUTH_FAILED',
      'camera 10.0.0.5:8554 refused the user name or password',
    ],
    [
      'wrong path',
      RTSP,
      `[rtsp @ 0x55] [error] method DESCRIBE failed: 404 Not Found\n${OPEN}[error] pipe:0: Server returned 404 Not Found`,
      'STREAM_NOT_FOUND',
      'camera 10.0.0.5:8554 knows no stream under that path',
    ],
    [
      'wrong port',
      RTSP,
      `[tcp @ 0x56] [error] Connection to tcp://10.0.0.5:8554?timeout=5000000 failed: Connection refused\n${OPEN}[error] pipe:0: Connection refused`,
      'STREAM_CONNECTION_FAILED',
      'nothing listens at camera 10.0.0.5:8554 (connection refused)',
    ],
    [
      'unknown host',
      RTSP,
      `[tcp @ 0x55] [error] Failed to resolve hostname no.such.host.invalid: Name or service not known\n${OPEN}[error] pipe:0: Input/output error`,
      'STREAM_CONNECTION_FAILED',
      'the host name of camera 10.0.0.5:8554 is not known',
    ],
    [
      'unreachable host (the wording of tcp.c)',
      RTSP,
      `[tcp @ 0x55] [error] Connection to tcp://10.0.0.5:8554?timeout=5000000 failed: No route to host\n${OPEN}[error] pipe:0: No route to host`,
      'STREAM_CONNECTION_FAILED',
      'camera 10.0.0.5:8554 cannot be reached',
    ],
    [
      'host that swallows packets (the wording of tcp.c)',
      RTSP,
      `[tcp @ 0x55] [error] Connection to tcp://10.0.0.5:8554?timeout=5000000 failed: Connection timed out\n${OPEN}[error] pipe:0: Connection timed out`,
      'STREAM_CONNECTION_FAILED',
      'camera 10.0.0.5:8554 cannot be reached',
    ],
    [
      'rtsps to a port that speaks plain RTSP',
      RTSPS,
      `[tls @ 0x55] [error] An unexpected TLS packet was received.\n${OPEN}[error] pipe:0: Input/output error`,
      'STREAM_TLS_FAILED',
      'the TLS handshake with camera 10.0.0.5:322 failed; is it rtsp:// rather than rtsps://?',
    ],
    [
      'a port that speaks something else',
      RTSP,
      `${OPEN}[error] pipe:0: Invalid data found when processing input`,
      'STREAM_CONNECTION_FAILED',
      'camera 10.0.0.5:8554 answers, but not in RTSP; is it the right port?',
    ],
    [
      'a missing file',
      FILE,
      '[error] file:/clips/a.mp4: No such file or directory',
      'STREAM_NOT_FOUND',
      'there is no file /clips/a.mp4',
    ],
    [
      'a folder',
      FILE,
      '[error] file:/clips/a.mp4: Is a directory',
      'STREAM_NOT_FOUND',
      'file /clips/a.mp4 is a folder',
    ],
    [
      'a file of somebody else',
      FILE,
      '[error] file:/clips/a.mp4: Permission denied',
      'STREAM_CONNECTION_FAILED',
      'file /clips/a.mp4 may not be opened (permission denied)',
    ],
    [
      'a text file',
      FILE,
      '[mov,mp4,m4a,3gp,3g2,mj2 @ 0x56] [warning] Format mov,mp4,m4a,3gp,3g2,mj2 detected only with low score of 1, misdetection possible!\n[mov,mp4,m4a,3gp,3g2,mj2 @ 0x56] [error] moov atom not found\n[error] file:/clips/a.mp4: Invalid data found when processing input',
      'STREAM_CODEC_UNSUPPORTED',
      'file /clips/a.mp4 is damaged or no video that this ffmpeg reads',
    ],
    [
      'a sound file',
      FILE,
      "[fatal] Stream map '0:V:0' matches no streams.\nTo ignore this, add a trailing '?' to the map.",
      'STREAM_NO_VIDEO',
      'file /clips/a.mp4 carries no video',
    ],
    [
      'a missing webcam',
      WEBCAM,
      '[video4linux2,v4l2 @ 0x56] [error] Cannot open video device /dev/video0: No such file or directory\n[error] /dev/video0: No such file or directory',
      'STREAM_NOT_FOUND',
      'there is no webcam /dev/video0',
    ],
    [
      'a device that is no webcam',
      WEBCAM,
      '[video4linux2,v4l2 @ 0x55] [error] ioctl(VIDIOC_QUERYCAP): Inappropriate ioctl for device\n[error] /dev/video0: Inappropriate ioctl for device',
      'STREAM_NOT_FOUND',
      'webcam /dev/video0 is no video device',
    ],
    [
      'a webcam in use (errno text)',
      WEBCAM,
      '[video4linux2,v4l2 @ 0x55] [error] ioctl(VIDIOC_STREAMON): Device or resource busy\n[error] /dev/video0: Device or resource busy',
      'STREAM_CONNECTION_FAILED',
      'webcam /dev/video0 is in use by another program',
    ],
    [
      'something new',
      RTSP,
      `${OPEN}[error] rtsp://ann:secret@10.0.0.5:8554/cam: Value too large for defined data type`,
      'STREAM_CONNECTION_FAILED',
      'camera 10.0.0.5:8554 could not be read: [error] rtsp://***@10.0.0.5:8554/cam: Value too large for defined data type',
    ],
  ] as const)('of %s', (_, address, stderr, code, message) => {
    expect(diagnoseFfmpeg(ending(address, stderr))).toEqual({ code, message });
  });

  it('of a mute camera is a timeout, though ffmpeg has the same words as for a wrong port', () => {
    const stderr = `${OPEN}[error] pipe:0: Invalid data found when processing input`;
    expect(diagnoseFfmpeg(ending(RTSP, stderr, { lastedMs: 5100 }))).toMatchObject({ code: 'STREAM_TIMEOUT' });
  });

  it.each([
    ['a goodbye', '', { code: 0 }, 'STREAM_ENDED', 'camera 10.0.0.5:8554 ended the stream'],
    [
      'silence',
      '[error] pipe:0: Connection timed out',
      { code: 0 },
      'STREAM_TIMEOUT',
      'camera 10.0.0.5:8554 stopped sending',
    ],
    [
      'a crash of ffmpeg',
      '',
      { code: null, signal: 'SIGSEGV' },
      'STREAM_ENDED',
      'the stream of camera 10.0.0.5:8554 broke off (ffmpeg was ended by SIGSEGV)',
    ],
  ] as const)('of %s after frames is not one of connecting', (_, stderr, exit, code, message) => {
    const end = ending(RTSP, stderr, { frames: 9, exit: { signal: null, error: null, ...exit } });
    expect(diagnoseFfmpeg(end)).toEqual({ code, message });
  });

  it('of a clean end without a picture is that there was none', () => {
    const exit = { code: 0, signal: null, error: null };
    expect(diagnoseFfmpeg(ending(RTSP, '', { exit }))).toMatchObject({ code: 'STREAM_NO_VIDEO' });
  });

  it('of an ffmpeg that does not start is not about the camera', () => {
    const exit = { code: null, signal: null, error: new Error('spawn /opt/ffmpeg ENOENT') };
    expect(diagnoseFfmpeg(ending(RTSP, '', { exit }))).toEqual({
      code: 'FFMPEG_NOT_FOUND',
      message: 'ffmpeg could not be run: spawn /opt/ffmpeg ENOENT',
    });
  });

  it.each(['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM'])(
    'of an ffmpeg that %s kept from starting is worth another try',
    (code) => {
      const error = Object.assign(new Error(`spawn /opt/ffmpeg ${code}`), { code });
      expect(diagnoseFfmpeg(ending(RTSP, '', { exit: { code: null, signal: null, error } }))).toEqual({
        code: 'STREAM_CONNECTION_FAILED',
        message: `ffmpeg could not be run: spawn /opt/ffmpeg ${code}`,
      });
    },
  );
});
