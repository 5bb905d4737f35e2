import { IconChevronRight, IconCircleCheck, IconFileCode, IconInfoCircle, IconRocket } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import brand from '../../../resources/icons/bulkhead.svg';
import { hostOverviewQuery } from '../../api/queries.ts';
import { en } from '../../locales/en.ts';
import { automaticChoice } from '../new-machine/accelerator-model.ts';
import classes from './welcome.module.css';

/** The first screen of a newcomer. */
export function Welcome() {
  return (
    <div className={classes.welcome}>
      <img src={brand} alt="" className={classes.picture} />
      <h1>{en.welcome.title}</h1>
      <p className={classes.text}>{en.welcome.text}</p>
      <div className={classes.ways}>
        <Way
          to="/machines/new?guest=tiny-linux"
          icon={IconRocket}
          title={en.welcome.tiny}
          text={en.welcome.tinyText}
          first
        />
        <Way to="/machines/new?boot=kernel" icon={IconFileCode} title={en.welcome.own} text={en.welcome.ownText} />
      </div>
      <HostVerdict />
    </div>
  );
}

interface WayProps {
  to: string;
  icon: typeof IconRocket;
  title: string;
  text: string;
  first?: boolean;
}

function Way({ to, icon: Icon, title, text, first }: WayProps) {
  return (
    <Link to={to} className={classes.way} data-first={first}>
      <Icon size={26} stroke={1.5} aria-hidden="true" />
      <span className={classes.wayWords}>
        <strong>{title}</strong>
        <span>{text}</span>
      </span>
      <IconChevronRight size={18} aria-hidden="true" />
    </Link>
  );
}

function HostVerdict() {
  const { data } = useQuery(hostOverviewQuery);
  if (data === undefined) return <p className={classes.verdict}>&nbsp;</p>;
  const choice = automaticChoice(data.accelerators);
  const Icon = choice === undefined ? IconInfoCircle : IconCircleCheck;
  return (
    <p className={classes.verdict}>
      <Icon size={17} aria-hidden="true" />
      {choice === undefined ? en.welcome.hostNot : en.welcome.hostFine[choice]}{' '}
      <Link to="/host">{en.welcome.hostLink}</Link>
    </p>
  );
}
