import { expect, it } from 'vitest';
import type { ReadyView, RoleView } from '../../web/src/api/api-types.ts';
import { readinessNotices } from '../../web/src/shell/readiness-words.ts';

const role = (part: Partial<RoleView> = {}): RoleView => ({
  role: 'detector',
  model: 'retinaface-mobilenet025',
  provider: 'cpu',
  degraded: false,
  passedOver: [],
  insteadOf: null,
  ...part,
});
const ready = (models: RoleView[], part: Partial<ReadyView> = {}): ReadyView => ({
  ready: true,
  version: '1',
  reasons: [],
  models,
  gallery: { subjects: 0, templates: 0 },
  degraded: models.some(({ degraded }) => degraded),
  ...part,
});

it('says nothing while all is well', () => {
  expect(readinessNotices(ready([role(), role({ role: 'embedder', model: 'mobilefacenet-arcface-128d' })]))).toEqual(
    [],
  );
});

it('says that the server is not ready, and why', () => {
  const [notice] = readinessNotices(ready([], { ready: false, reasons: ['the detector does not run'] }));
  expect(notice).toMatchObject({ tone: 'warn', mayGo: false });
  expect(notice?.text).toBe('The server is not ready: the detector does not run.');
});

it('says what runs elsewhere than asked for, with the reasons of each provider', () => {
  const passedOver = [{ provider: 'CUDAExecutionProvider', why: 'no device' }];
  const notices = readinessNotices(ready([role({ degraded: true, passedOver, provider: 'CPUExecutionProvider' })]));
  expect(notices).toHaveLength(1);
  expect(notices[0]?.text).toBe('Recognition runs on less than was asked for: finding faces runs on CPU.');
  expect(notices[0]?.details).toEqual(['retinaface-mobilenet025, CUDA: no device']);
});

it('names both models where the detector was lightened', () => {
  const [notice] = readinessNotices(ready([role({ insteadOf: 'retinaface-resnet50' })]));
  expect(notice?.text).toMatch(/retinaface-mobilenet025 does the work of retinaface-resnet50/);
});

it('says once that starter models run, and lets that be put away', () => {
  const models = [
    role({ model: 'starter-ssd-mobilenetv1' }),
    role({ role: 'landmarks', model: 'starter-landmarks68' }),
    role({ role: 'embedder', model: 'starter-dlib-128d' }),
  ];
  const notices = readinessNotices(ready(models));
  expect(notices.map(({ tone, mayGo }) => ({ tone, mayGo }))).toEqual([{ tone: 'info', mayGo: true }]);
});
