import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type DataDirOptions, resolveDataDir } from '../../config/data-dir.ts';

const everything: DataDirOptions = {
  flag: '/flag',
  env: { FACEGATE_HOME: '/env' },
  configFile: '/etc/facegate/facegate.yaml',
  fromConfig: '/config',
  home: '/home/ada',
};
const without = (...names: ('flag' | 'env' | 'fromConfig' | 'configFile')[]): DataDirOptions => {
  const { flag, fromConfig, ...rest } = everything;
  return {
    ...rest,
    ...(!names.includes('flag') && { flag: flag as string }),
    ...(!names.includes('fromConfig') && { fromConfig: fromConfig as string }),
    ...(names.includes('env') && { env: {} }),
    ...(names.includes('configFile') && { configFile: null }),
  };
};

describe('resolveDataDir', () => {
  it.each([
    ['--data', everything, '/flag'],
    ['FACEGATE_HOME', without('flag'), '/env'],
    ['dataDir of the settings', without('flag', 'env'), '/config'],
    ['data beside the file', without('flag', 'env', 'fromConfig'), '/etc/facegate/data'],
    ['a folder in the home', without('flag', 'env', 'fromConfig', 'configFile'), '/home/ada/.local/share/facegate'],
  ])('takes %s before what comes after it', (_, options, expected) => {
    expect(resolveDataDir(options)).toBe(expected);
  });

  it('reads dataDir relative to the file, the others relative to the working directory', () => {
    expect(resolveDataDir({ ...without('flag', 'env'), fromConfig: '../var' })).toBe('/etc/var');
    expect(resolveDataDir({ ...everything, flag: 'x' })).toBe(resolve('x'));
    expect(resolveDataDir({ ...without('flag'), env: { FACEGATE_HOME: 'y' } })).toBe(resolve('y'));
  });

  it('takes an empty variable for none', () => {
    expect(resolveDataDir({ ...without('flag'), env: { FACEGATE_HOME: '' } })).toBe('/config');
  });

  it('never falls back on the working directory', () => {
    const homeless = { ...without('flag', 'env', 'fromConfig', 'configFile'), home: '' };
    expect(() => resolveDataDir(homeless)).toThrow(/--data or FACEGATE_HOME/);
  });
});
