import { Button } from '@mantine/core';
import { IconBox, IconBoxMultiple, IconDatabase, IconNetwork } from '@tabler/icons-react';
import { Link } from 'react-router';
import { en } from '../../locales/en.ts';
import classes from './later.module.css';

const icons = { containers: IconBox, images: IconBoxMultiple, volumes: IconDatabase, networks: IconNetwork };

/** A place that is planned and not there yet, said plainly. */
export function LaterPage({ section }: { section: keyof typeof icons }) {
  const Icon = icons[section];
  return (
    <div className={classes.page}>
      <div className={classes.picture} aria-hidden="true">
        <Icon size={44} stroke={1.2} />
      </div>
      <span className={classes.badge}>{en.later.badge}</span>
      <h1>{en.later[section]}</h1>
      <p>{en.later[`${section}Text`]}</p>
      <p className={classes.meanwhile}>
        {en.later.meanwhile}{' '}
        <Button component={Link} to="/machines" variant="subtle" size="compact-sm">
          {en.later.go}
        </Button>
      </p>
    </div>
  );
}
