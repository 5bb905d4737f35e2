import {
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerSkipForward,
  IconPlayerStop,
  IconPower,
  IconRefresh,
  IconStackPush,
  IconTrash,
} from '@tabler/icons-react';
import type { ContainerState, ContainerSummary } from '../../src-main/contract/container.ts';
import { call } from '../api/bridge.ts';
import { en } from '../locales/en.ts';
import { type Action, available } from './action.ts';
import { complain } from './complain.ts';
import { ask, confirm } from './confirm.ts';
import { say } from './say.ts';

export interface ContainerContext {
  readonly container: ContainerSummary;
  navigate(path: string): void;
}

export type ContainerAction = Action<ContainerContext>;

const text = en.containers.action;

function inStates(states: readonly ContainerState[], label: string) {
  return ({ container }: ContainerContext) =>
    states.includes(container.state)
      ? available
      : { now: false as const, why: text.unavailable(label, container.status) };
}

async function told(work: Promise<unknown>, title: string): Promise<void> {
  try {
    await work;
  } catch (error) {
    complain(title, error);
  }
}

type Verb = 'start' | 'stop' | 'restart' | 'kill' | 'pause' | 'unpause';

function verb(
  name: Verb,
  icon: ContainerAction['icon'],
  states: readonly ContainerState[],
  tone?: 'primary',
): ContainerAction {
  return {
    id: `container-${name}`,
    label: text[name],
    icon,
    ...(tone === undefined ? {} : { tone }),
    available: inStates(states, text[name]),
    run: ({ container: { id, name: shown } }) =>
      told(call(`container.${name}`, { id }), text.failed(text[name], shown)),
  };
}

/** What can be done with a container, in the order of its menus. */
export const containerActions: readonly ContainerAction[] = [
  verb('start', IconPlayerPlay, ['created', 'exited'], 'primary'),
  verb('stop', IconPlayerStop, ['running', 'restarting']),
  verb('restart', IconRefresh, ['running']),
  verb('pause', IconPlayerPause, ['running']),
  verb('unpause', IconPlayerSkipForward, ['paused'], 'primary'),
  verb('kill', IconPower, ['running', 'paused']),
  {
    id: 'container-commit',
    label: text.commit,
    icon: IconStackPush,
    available: () => available,
    run: async ({ container: { id, name: shown } }) => {
      const name = await ask({
        title: text.commitTitle(shown),
        text: text.commitText,
        field: { label: text.commitName, placeholder: text.commitHint },
        confirmLabel: text.commitYes,
      });
      if (name === undefined) return;
      await told(
        call('container.commit', { id, name }).then(() => say(text.committed(name))),
        text.failed(text.commitYes, shown),
      );
    },
  },
  {
    id: 'container-remove',
    label: text.remove,
    icon: IconTrash,
    tone: 'danger',
    available: () => available,
    run: async ({ container, navigate }) => {
      const running = container.state === 'running' || container.state === 'paused';
      const yes = await confirm({
        title: text.removeTitle(container.name),
        text: running ? text.removeRunning : text.removeText,
        confirmLabel: text.removeYes,
        danger: true,
      });
      if (!yes) return;
      await told(call('container.remove', { id: container.id }), text.failed(text.removeYes, container.name));
      navigate('/containers');
    },
  },
];
