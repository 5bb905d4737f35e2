import { Outlet } from 'react-router';
import { Palette } from '../actions/palette.tsx';
import { ConfirmDialog } from '../components/confirm-dialog.tsx';
import { KeepsRunningNotice } from './keeps-running-notice.tsx';
import { Rail } from './rail.tsx';
import classes from './shell.module.css';
import { useShortcuts } from './use-shortcuts.ts';

/** What every page stands in. */
export function Shell() {
  useShortcuts();
  return (
    <div className={classes.shell}>
      <Rail />
      <main className={classes.main}>
        <Outlet />
      </main>
      <Palette />
      <ConfirmDialog />
      <KeepsRunningNotice />
    </div>
  );
}
