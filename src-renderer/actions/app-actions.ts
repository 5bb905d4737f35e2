import {
  IconBox,
  IconBoxMultiple,
  IconCpu,
  IconCpu2,
  IconDatabase,
  IconDeviceDesktop,
  IconNetwork,
  IconPlus,
} from '@tabler/icons-react';
import { en } from '../locales/en.ts';
import { type Action, available } from './action.ts';

export interface AppContext {
  navigate(path: string): void;
}

function goTo(section: keyof typeof icons): Action<AppContext> {
  return {
    id: `go-${section}`,
    label: en.action.goTo(en.rail[section]),
    icon: icons[section],
    available: () => available,
    run: ({ navigate }) => navigate(`/${section}`),
  };
}

const icons = {
  machines: IconDeviceDesktop,
  containers: IconBox,
  images: IconBoxMultiple,
  volumes: IconDatabase,
  networks: IconNetwork,
  processors: IconCpu2,
  host: IconCpu,
};

/** What can be done anywhere. */
export const appActions: readonly Action<AppContext>[] = [
  {
    id: 'new-machine',
    label: en.list.create,
    icon: IconPlus,
    shortcut: 'Ctrl+N',
    available: () => available,
    run: ({ navigate }) => navigate('/machines/new'),
  },
  {
    id: 'new-container',
    label: en.containers.create,
    icon: IconBox,
    available: () => available,
    run: ({ navigate }) => navigate('/containers/new'),
  },
  goTo('machines'),
  goTo('containers'),
  goTo('images'),
  goTo('volumes'),
  goTo('networks'),
  goTo('processors'),
  goTo('host'),
];
