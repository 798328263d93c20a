import { describe, expect, it } from 'vitest';
import { WaitingLine } from '../../../models/processes/waiting-line.ts';

function order(line: WaitingLine<string, string>): string[] {
  const names: string[] = [];
  for (let next = line.next(); next; next = line.next()) names.push('camera' in next ? next.camera : next.request);
  return names;
}

describe('WaitingLine', () => {
  it('lets cameras go first, each kind in the order of arrival', () => {
    const line = new WaitingLine<string, string>();
    line.addRequest('r1');
    line.addCamera('c1');
    line.addRequest('r2');
    line.addCamera('c2');
    expect([line.cameras, line.requests]).toEqual([2, 2]);
    expect(order(line)).toEqual(['c1', 'c2', 'r1', 'r2']);
    expect(line.next()).toBeNull();
  });

  it('gives a waiting request one place in nine, and cameras all of them while none waits', () => {
    const line = new WaitingLine<string, string>();
    for (let i = 0; i < 20; i++) line.addCamera('c');
    for (let i = 0; i < 12; i++) line.next();
    line.addRequest('r');
    line.addRequest('r');
    for (let i = 0; i < 20; i++) line.addCamera('c');
    expect(order(line).join('')).toBe('ccccccccrccccccccrcccccccccccc');
  });

  it('forgets who leaves, and leaving after one had a turn does nothing', () => {
    const line = new WaitingLine<string, string>();
    const [leave1, leave2] = [line.addCamera('c1'), line.addCamera('c2')];
    const leave3 = line.addRequest('r1');
    leave1();
    leave3();
    expect(order(line)).toEqual(['c2']);
    leave2();
    expect(line.cameras).toBe(0);
  });

  it('hands out everybody when it is cleared', () => {
    const line = new WaitingLine<string, string>();
    line.addCamera('c1');
    line.addRequest('r1');
    expect(line.clear()).toEqual({ cameras: ['c1'], requests: ['r1'] });
    expect(line.next()).toBeNull();
  });
});
