import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';

const root = resolve(import.meta.dirname, '../..');

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string; readonly thresholds?: { steps: unknown[] } } };
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export const dashboard = JSON.parse(readFileSync(`${root}/deploy/grafana/facegate.json`, 'utf8')) as Dashboard;
export const groups = (
  parse(readFileSync(`${root}/deploy/prometheus/alerts.yaml`, 'utf8')) as { groups: { name: string; rules: Rule[] }[] }
).groups;

/** An expression with the labels that are shown of its result, and where it stands. */
export interface Expression {
  readonly where: string;
  readonly expr: string;
  readonly shown: readonly string[];
}

const names = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name as string);

/** Every expression of the dashboard and of the rules. */
export function expressions(): Expression[] {
  const panels = dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({
      where: `panel "${title}"`,
      expr,
      shown: names(legendFormat, /\{\{\s*(\w+)\s*\}\}/g),
    })),
  );
  const variables = dashboard.templating.list.flatMap(({ name, definition }) => {
    const [, expr, label] = /^label_values\((.+), (\w+)\)$/.exec(definition ?? '') ?? [];
    return expr && label ? [{ where: `variable ${name}`, expr, shown: [label] }] : [];
  });
  const rules = groups.flatMap(({ rules: each }) =>
    each.map(({ alert, expr, annotations }) => ({
      where: `rule ${alert}`,
      expr,
      shown: names(Object.values(annotations).join(' '), /\$labels\.(\w+)/g),
    })),
  );
  return [...panels, ...variables, ...rules];
}
