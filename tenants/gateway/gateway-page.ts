import type { TenantView } from '../tenant-contract.ts';

/** What the gateway shows at `/`. No script; every value is escaped. @param tenants null for somebody who may not see them. */
export function gatewayPage(tenants: readonly TenantView[] | null): string {
  const body = tenants === null ? STRANGER : tenants.length === 0 ? EMPTY : listOf(tenants);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${tenants === null ? '' : '<meta http-equiv="refresh" content="10">\n'}<title>facegate gateway</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/gateway.css">
</head>
<body>
<main>
<h1>facegate gateway</h1>
${body}
</main>
</body>
</html>
`;
}

const STRANGER = `<p>Your tenant is at <code>/&lt;tenant&gt;/</code> on this server: put its name after the slash. Whoever runs it knows the name.</p>
<p class="quiet">Operators: <code>GET /tenants</code> with the key of the gateway lists them.</p>`;

const EMPTY = `<p>There is no tenant. Write one under <code>tenants:</code> in the configuration file.</p>`;

function listOf(tenants: readonly TenantView[]): string {
  const ready = tenants.filter(({ state }) => state === 'ready').length;
  const words = ready === tenants.length ? 'All are ready.' : `${ready} of ${tenants.length} are ready.`;
  return `<p class="quiet">${words}</p>\n<ul>\n${tenants.map(itemOf).join('\n')}\n</ul>`;
}

const WORDS: Readonly<Record<TenantView['state'], string>> = {
  starting: 'starting',
  ready: 'ready',
  draining: 'stopping',
  waiting: 'starts again soon',
  crash_loop: 'keeps ending',
  refused: 'wrong settings',
  stopped: 'stopped',
};

const COLOURS: Readonly<Record<TenantView['state'], string>> = {
  starting: 'busy',
  ready: 'good',
  draining: 'busy',
  waiting: 'busy',
  crash_loop: 'bad',
  refused: 'bad',
  stopped: 'off',
};

function itemOf({ id, name, state, device, restarts, memoryBytes, problem }: TenantView): string {
  const facts = [
    `/${id}/`,
    `device ${device}`,
    ...(memoryBytes === null ? [] : [`${Math.round(memoryBytes / 1e6)} MB`]),
    ...(restarts === 0 ? [] : [`started again ${restarts === 1 ? 'once' : `${restarts} times`}`]),
  ];
  const why =
    problem === null ? '' : `\n<p class="why">${escaped(problem.message)} <code>${escaped(problem.code)}</code></p>`;
  return `<li><h2><a href="/${encodeURIComponent(id)}/">${escaped(name)}</a> <span class="${COLOURS[state]}">${WORDS[state]}</span></h2>
<p class="facts">${facts.map(escaped).join(' · ')}</p>${why}</li>`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] as string);

/** At /assets/gateway.css. */
export const GATEWAY_CSS = `:root {
  --ground: #f6f7f8; --card: #fff; --ink: #1b1f24; --quiet: #59636e; --line: #d9dee3;
  --good: #1a7f37; --busy: #9a6700; --bad: #c0392b; --off: #59636e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #101418; --card: #181d22; --ink: #e8ebee; --quiet: #9aa4ae; --line: #2c343c;
    --good: #4ac26b; --busy: #d4a72c; --bad: #ff7b72; --off: #9aa4ae;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 44rem; margin: 0 auto; padding: 2rem 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 .5rem; }
h2 { font-size: 1.05rem; margin: 0; display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: baseline; justify-content: space-between; }
a { color: inherit; overflow-wrap: anywhere; }
a:focus-visible { outline: 2px solid currentColor; outline-offset: 3px; border-radius: 2px; }
ul { list-style: none; margin: 1rem 0 0; padding: 0; display: grid; gap: .75rem; }
li { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .9rem 1rem; }
p { margin: .25rem 0 0; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
.quiet, .facts { color: var(--quiet); }
.facts { font-size: .9rem; overflow-wrap: anywhere; }
.why { color: var(--bad); overflow-wrap: anywhere; white-space: pre-line; }
h2 span { font-size: .85rem; font-weight: 600; white-space: nowrap; }
h2 span::before { content: ''; display: inline-block; width: .6em; height: .6em; margin-right: .45em; border-radius: 50%; background: currentColor; }
.good { color: var(--good); } .busy { color: var(--busy); } .bad { color: var(--bad); } .off { color: var(--off); }
`;
