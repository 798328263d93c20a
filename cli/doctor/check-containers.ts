import type { ToolAnswer } from '../../models/devices/run-tool.ts';
import type { Finding } from './finding.ts';
import { isAtLeast, versionNumber } from './version-number.ts';

const LEAST_DOCKER = [20, 10] as const;
const LEAST_TOOLKIT = [1, 13] as const;

export interface ContainerFacts {
  /** We run inside a container ourselves. */
  readonly inside: boolean;
  /** `docker --version` */
  readonly docker: ToolAnswer;
  /** `nvidia-ctk --version` */
  readonly toolkit: ToolAnswer;
  /** An NVIDIA driver answers here. */
  readonly gpu: boolean;
}

/** Docker and NVIDIA's toolkit, where facegate may be run in containers. */
export function checkContainers(facts: ContainerFacts): Finding[] {
  const { inside, docker } = facts;
  if (inside) {
    const found = 'facegate runs in a container; its host knows (run docker --version there)';
    return ['Docker', 'container toolkit'].map((check) => ({ check, state: 'not checked', found }));
  }
  if (docker.state === 'absent') {
    const found = 'there is no docker here';
    return ['Docker', 'container toolkit'].map((check) => ({ check, state: 'not checked', found }));
  }
  return [ofDocker(docker), ofToolkit(facts)];
}

function ofDocker(docker: ToolAnswer): Finding {
  const check = 'Docker';
  if (docker.state !== 'answered') {
    return {
      check,
      state: 'not checked',
      found: `docker --version failed: ${docker.state === 'failed' ? docker.why : 'absent'}`,
    };
  }
  const said = docker.text.trim().split('\n')[0] ?? '';
  if (/podman/i.test(said)) return { check, state: 'not checked', found: `docker is Podman here (${said})` };
  const version = versionNumber(said);
  if (!version) return { check, state: 'not checked', found: `docker --version said ${JSON.stringify(said)}` };
  if (isAtLeast(version, LEAST_DOCKER)) return { check, state: 'ok', found: said };
  return {
    check,
    state: 'wrong',
    found: `${said}; 20.10 is needed`,
    todo: 'docs.docker.com/engine/install says how to get a current one',
  };
}

function ofToolkit({ gpu, toolkit }: ContainerFacts): Finding {
  const check = 'container toolkit';
  if (!gpu) return { check, state: 'not checked', found: 'there is no NVIDIA driver that answers' };
  const install =
    'apt-get install nvidia-container-toolkit, nvidia-ctk runtime configure --runtime=docker, systemctl restart docker';
  if (toolkit.state === 'absent') {
    return { check, state: 'warning', found: 'nvidia-ctk is not here: containers do not see the GPU', todo: install };
  }
  if (toolkit.state === 'failed')
    return { check, state: 'not checked', found: `nvidia-ctk --version failed: ${toolkit.why}` };
  const said = toolkit.text.trim().split('\n')[0] ?? '';
  const version = versionNumber(said);
  if (!version) return { check, state: 'not checked', found: `nvidia-ctk --version said ${JSON.stringify(said)}` };
  if (isAtLeast(version, LEAST_TOOLKIT)) return { check, state: 'ok', found: said };
  return { check, state: 'wrong', found: `${said}; 1.13 is needed`, todo: install };
}
