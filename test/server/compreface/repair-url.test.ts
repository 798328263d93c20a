import { describe, expect, it } from 'vitest';
import { repairUrl } from '../../../server/compreface/repair-url.ts';

describe("an address as CompreFace's clients write it", () => {
  it.each([
    ['/recognition/recognize&det_prob_threshold=0.8', '/recognition/recognize?det_prob_threshold=0.8'],
    [
      '/recognition/recognize&det_prob_threshold=0.8&face_plugins=landmarks',
      '/recognition/recognize?det_prob_threshold=0.8&face_plugins=landmarks',
    ],
    ['/detection/detect&status=true', '/detection/detect?status=true'],
    ['/recognition/faces/abc/verify&limit=1', '/recognition/faces/abc/verify?limit=1'],
    ['/detection/detect?det_prob_threshold=0.8?status=true', '/detection/detect?det_prob_threshold=0.8&status=true'],
    [
      '/verification/verify?det_prob_threshold=0.8?face_plugins=landmarks?status=true',
      '/verification/verify?det_prob_threshold=0.8&face_plugins=landmarks&status=true',
    ],
    ['/recognition/faces?subject=Ada?det_prob_threshold=0.8', '/recognition/faces?subject=Ada&det_prob_threshold=0.8'],
  ])('%s is meant as %s', (url, meant) => {
    expect(repairUrl({ url: `/api/v1${url}`, method: 'POST' })).toBe(`/api/v1${meant}`);
  });

  it('may end in a slash where a list is read', () => {
    expect(repairUrl({ url: '/api/v1/recognition/subjects/', method: 'GET' })).toBe('/api/v1/recognition/subjects');
    expect(repairUrl({ url: '/api/v1/recognition/faces/?page=1', method: 'GET' })).toBe(
      '/api/v1/recognition/faces?page=1',
    );
  });

  it('never becomes another one where something is deleted: a name that got lost must not delete everybody', () => {
    const url = '/api/v1/recognition/subjects/';
    expect(repairUrl({ url, method: 'DELETE' })).toBe(url);
  });

  it.each([
    '/api/v1/recognition/subjects/Ada&Bob',
    '/api/v1/recognition/faces?subject=A%26B%3Flimit',
    '/api/v1/recognition/faces?subject=who?&page=1',
    '/detect?confidence=0.5?limit=1',
    '/recognize&limit=1',
    '/api/v1',
    '/',
  ])('%s stays what it is', (url) => expect(repairUrl({ url, method: 'POST' })).toBe(url));
});
