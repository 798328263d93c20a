import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readExposition, readPromql } from '../support/promql.ts';
import { requirement } from '../support/requirements.ts';
import { dashboard, expressions, groups } from '../support/watching-files.ts';

const root = resolve(import.meta.dirname, '../..');
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const rules = groups.flatMap(({ rules: each }) => each);

describe('PromQL as the tests read it', () => {
  it('names metrics, matchers, and what is grouped by', () => {
    const expr = 'histogram_quantile(0.9, sum by (a, le) (rate(x_bucket{b=~"1|2"}[$__rate_interval]))) > on (a) y';
    expect(readPromql(expr)).toEqual({
      selectors: [
        { metric: 'x_bucket', matchers: [{ label: 'b', op: '=~', value: '1|2' }], grouped: ['a', 'le', 'a'] },
        { metric: 'y', matchers: [], grouped: ['a'] },
      ],
      by: ['a', 'le'],
    });
    expect(readPromql('rate(x[5m])').by).toBeNull();
  });

  it.each(['sum by (', 'rate(x[5m)', '{a="b"}', '1 + 1', ''])('refuses %j', (expr) => {
    expect(() => readPromql(expr)).toThrow();
  });

  it('knows the names that a histogram has', () => {
    const found = readExposition('# TYPE h histogram\nh_bucket{le="1",a="x\\"y"} 2\nh_sum 1\n# TYPE g gauge\n');
    expect([...found.keys()]).toEqual(['h_bucket', 'h_sum', 'h_count', 'g']);
    expect(found.get('h_bucket')?.series).toEqual([{ le: '1', a: 'x\\"y' }]);
    expect(found.get('g')).toEqual({ type: 'gauge', series: [] });
  });
});

describe('the dashboard', () => {
  it('has panels with ids and titles of their own, each with what it means', () => {
    expect(panels.length).toBeGreaterThan(20);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    expect(new Set(dashboard.panels.map(({ title }) => title)).size).toBe(dashboard.panels.length);
    for (const { title, description } of panels) expect(description, title).toMatch(/^[A-Z0-9].*\.$/);
  });

  it('has them beside and below each other, never over', () => {
    const taken = new Map<string, string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.get(`${x},${y}`), `${title} is over`).toBeUndefined();
          taken.set(`${x},${y}`, title);
        }
      }
    }
  });

  it('has a unit where something is drawn', () => {
    for (const { title, type, fieldConfig } of panels) {
      if (type === 'table') continue;
      expect(fieldConfig?.defaults.unit, title).toBeDefined();
      const seconds = panels
        .find((panel) => panel.title === title)
        ?.targets?.some(({ expr }) => /^histogram_quantile|_delay_seconds/.test(expr));
      if (seconds) expect(fieldConfig?.defaults.unit, title).toBe('s');
    }
  });

  it('can be narrowed down to a tenant, in every panel', () => {
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'tenant', 'camera']);
    for (const { title, targets = [] } of panels) {
      expect(targets.length, title).toBeGreaterThan(0);
      for (const { expr } of targets) {
        for (const { metric, matchers } of readPromql(expr).selectors) {
          expect(matchers, `${metric} of ${title}`).toContainEqual({ label: 'tenant', op: '=~', value: '$tenant' });
        }
      }
    }
  });
});

describe('the alert rules', () => {
  it('have names of their own, a severity, and say what happened and what to do', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, labels, annotations, ...rule } of rules) {
      expect(alert).toMatch(/^Facegate[A-Z]\w+$/);
      expect(['page', 'ticket'], alert).toContain(labels.severity);
      expect(Object.keys(annotations), alert).toEqual(['summary', 'description']);
      expect(rule.for ?? '0m', alert).toMatch(/^\d+m$/);
      expect(Object.keys(rule).every((key) => key === 'expr' || key === 'for')).toBe(true);
    }
  });

  it.skipIf(!requirement('promtool').met)('are taken by Prometheus, with both of its configurations', () => {
    const folder = mkdtempSync(join(tmpdir(), 'facegate-prometheus-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    cpSync(join(root, 'deploy/prometheus'), folder, { recursive: true });
    const promtool = (...args: string[]) => execFileSync('promtool', args, { cwd: folder, encoding: 'utf8' });
    expect(promtool('check', 'rules', 'alerts.yaml')).toContain(`${rules.length} rules found`);
    for (const config of ['prometheus.yaml', 'three-tenants.yaml']) {
      expect(promtool('check', 'config', '--syntax-only', config)).toContain('SUCCESS');
    }
  });
});

describe('every expression', () => {
  it.each(expressions())('of $where is PromQL', ({ expr }) => {
    expect(() => readPromql(expr)).not.toThrow();
  });
});
