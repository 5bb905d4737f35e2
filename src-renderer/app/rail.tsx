import { Tooltip } from '@mantine/core';
import {
  IconBox,
  IconBoxMultiple,
  IconCommand,
  IconCpu,
  IconCpu2,
  IconDatabase,
  IconDeviceDesktop,
  IconDeviceImac,
  IconMoon,
  IconNetwork,
  IconSun,
} from '@tabler/icons-react';
import { NavLink } from 'react-router';
import brand from '../../resources/icons/bulkhead.svg';
import type { Theme } from '../../src-main/contract/app.ts';
import { openPalette } from '../actions/palette.tsx';
import { changeSettings, useSettings } from '../api/settings.ts';
import { en } from '../locales/en.ts';
import classes from './shell.module.css';

const workPlaces = [
  { to: '/machines', label: en.rail.machines, icon: IconDeviceDesktop },
  { to: '/containers', label: en.rail.containers, icon: IconBox },
  { to: '/images', label: en.rail.images, icon: IconBoxMultiple },
  { to: '/volumes', label: en.rail.volumes, icon: IconDatabase },
  { to: '/networks', label: en.rail.networks, icon: IconNetwork },
];
const hostPlaces = [
  { to: '/processors', label: en.rail.processors, icon: IconCpu2 },
  { to: '/host', label: en.rail.host, icon: IconCpu },
];

const themes: Record<Theme, { next: Theme; icon: typeof IconSun }> = {
  system: { next: 'light', icon: IconDeviceImac },
  light: { next: 'dark', icon: IconSun },
  dark: { next: 'system', icon: IconMoon },
};

export function Rail() {
  const { theme } = useSettings();
  const { next, icon: ThemeIcon } = themes[theme];
  return (
    <nav className={classes.rail} aria-label={en.rail.label}>
      <img src={brand} alt={en.app.name} className={classes.brand} />
      {workPlaces.map((place) => (
        <Place key={place.to} {...place} />
      ))}
      <div className={classes.split} />
      {hostPlaces.map((place) => (
        <Place key={place.to} {...place} />
      ))}
      <div className={classes.fill} />
      <div className={classes.tools}>
        <Tooltip label={`${en.rail.palette} (Ctrl+K)`} position="right">
          <button type="button" className={classes.tool} aria-label={en.rail.palette} onClick={openPalette}>
            <IconCommand size={18} stroke={1.7} />
          </button>
        </Tooltip>
        <Tooltip label={en.rail.theme[theme]} position="right">
          <button
            type="button"
            className={classes.tool}
            aria-label={en.rail.theme[theme]}
            onClick={() => changeSettings({ theme: next })}
          >
            <ThemeIcon size={18} stroke={1.7} />
          </button>
        </Tooltip>
      </div>
    </nav>
  );
}

function Place({ to, label, icon: Icon }: { to: string; label: string; icon: typeof IconBox }) {
  return (
    <NavLink to={to} className={classes.place ?? ''}>
      <Icon size={22} stroke={1.6} aria-hidden="true" />
      {label}
    </NavLink>
  );
}
