import { defineConfig } from 'vitest/config';

/** Those of tenants start a gateway and its tenants as they are started in use. */
const SYSTEM = [
  'test/system/**/*.test.ts',
  'test/tenants/{gateway-ends,leaks,rolling-restart,tenant-faults,tenant-settings}.test.ts',
];

export default defineConfig({
  test: {
    // Inference and ffmpeg children share two cores on small machines.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // Tests that load the runtime themselves report to nobody either.
    env: { ORT_DISABLE_TELEMETRY: '1' },
    projects: [
      {
        extends: true,
        test: {
          name: 'rooms',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', ...SYSTEM, '**/node_modules/**'],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Whole programs that watch cameras in real time: one after the other, with the machine to themselves.
        extends: true,
        test: { name: 'system', include: SYSTEM, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
