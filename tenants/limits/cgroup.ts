import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CONTROLLERS = ['cpu', 'cpuset', 'memory'] as const;
type Controller = (typeof CONTROLLERS)[number];

/** The gateway's own group: where controllers are handed on, no process may be (cgroups(7), "no internal processes"). */
const GATEWAY = 'facegate-gateway';

export interface CgroupLimits {
  readonly cpus: string | null;
  readonly cpuShare: number | null;
  readonly memoryBytes: number | null;
}

/** A part of the cgroup v2 tree that was handed to this program (systemd: `Delegate=yes`; a container's own). */
export interface DelegatedCgroup {
  readonly path: string;
  /** What can be limited there. */
  readonly controllers: ReadonlySet<Controller>;
}

/**
 * @param o.procSelf where the kernel tells of this process. Default `/proc/self`.
 * @returns null where there is none, and why, for people.
 */
export function findDelegatedCgroup(o: { procSelf?: string } = {}): DelegatedCgroup | { readonly none: string } {
  const procSelf = o.procSelf ?? '/proc/self';
  try {
    const mounts = readFileSync(join(procSelf, 'mountinfo'), 'utf8').split('\n');
    const mount = mounts
      .map((line) => /^\d+ \d+ \S+ (\S+) (\S+) \S+(?: \S+)* - cgroup2 /.exec(line))
      .find((match) => match !== null);
    if (!mount) return { none: 'this machine has no cgroups of version 2' };
    const own = /^0::(\/.*)$/m.exec(readFileSync(join(procSelf, 'cgroup'), 'utf8'))?.[1];
    if (own === undefined) return { none: 'this process is in no cgroup of version 2' };
    const [, root = '/', at = ''] = mount;
    const inside = root !== '/' && own.startsWith(root) ? own.slice(root.length) : own;
    // A gateway that was started anew by its own kind is in the gateway's group already.
    const path = join(at, inside).replace(new RegExp(`/${GATEWAY}$`), '');
    const there = readFileSync(join(path, 'cgroup.controllers'), 'utf8').trim().split(/\s+/);
    const controllers = CONTROLLERS.filter((name) => there.includes(name));
    if (controllers.length === 0) return { none: `the cgroup ${path} has no controllers` };
    for (const file of ['.', 'cgroup.procs', 'cgroup.subtree_control']) accessSync(join(path, file), constants.W_OK);
    if (path === at && !existsSync(join(path, 'cgroup.type'))) {
      // The root of the machine: whatever runs there is not ours to move.
      return { none: 'the cgroup was not handed over to facegate (systemd: Delegate=yes)' };
    }
    return { path, controllers: new Set(controllers) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return { none: code === 'ENOENT' ? 'there is no cgroup of version 2' : `the cgroup is not writable (${code})` };
  }
}

/**
 * Makes room for groups below `cgroup`: what runs there moves into a group of its own, and controllers are handed on.
 *
 * @throws where the kernel refuses.
 */
export function prepareCgroup({ path, controllers }: DelegatedCgroup): void {
  const gateway = join(path, GATEWAY);
  mkdirSync(gateway, { recursive: true });
  for (const pid of readFileSync(join(path, 'cgroup.procs'), 'utf8').trim().split('\n')) {
    if (pid !== '') writeFileSync(join(gateway, 'cgroup.procs'), pid);
  }
  writeFileSync(join(path, 'cgroup.subtree_control'), [...controllers].map((name) => `+${name}`).join(' '));
}

/** The group of one tenant, made or brought up to date. `add` puts a process there, before it has any of its own. */
export function tenantCgroup(
  { path, controllers }: DelegatedCgroup,
  id: string,
  limits: CgroupLimits,
): { add(pid: number): void; remove(): void } {
  const group = join(path, `tenant-${id}`);
  mkdirSync(group, { recursive: true });
  const set = (controller: Controller, file: string, value: string) => {
    if (controllers.has(controller)) writeFileSync(join(group, file), value);
  };
  if (limits.cpus !== null) set('cpuset', 'cpuset.cpus', limits.cpus);
  if (limits.cpuShare !== null) set('cpu', 'cpu.weight', String(limits.cpuShare));
  if (limits.memoryBytes !== null) {
    set('memory', 'memory.max', String(limits.memoryBytes));
    // The kernel takes the largest process when it is full, which is mostly one of the networks: that one is replaced alone.
    set('memory', 'memory.oom.group', '0');
  }
  return {
    add: (pid) => writeFileSync(join(group, 'cgroup.procs'), String(pid)),
    remove: () => {
      // Only an empty one goes, and nothing of it is missed.
      try {
        rmdirSync(group);
      } catch {
        // A process of it is just ending.
      }
    },
  };
}
