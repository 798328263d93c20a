import type { ReadyView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { createLoaded } from './loaded.ts';

const loaded = createLoaded<ReadyView>(facegateApi.ready);

export const readiness = loaded.value;
export const refreshReadiness = loaded.refresh;
