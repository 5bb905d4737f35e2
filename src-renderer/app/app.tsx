import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { useEffect } from 'react';
import { createHashRouter, Navigate } from 'react-router';
import { RouterProvider } from 'react-router/dom';
import { followMachines } from '../api/machine-list.ts';
import { queries } from '../api/queries.ts';
import { followSettings } from '../api/settings.ts';
import { HostPage } from '../features/host/host-page.tsx';
import { LaterPage } from '../features/later/later-page.tsx';
import { MachinePage } from '../features/machine/machine-page.tsx';
import { ChooseMachine, MachinesPage } from '../features/machines/machines-page.tsx';
import { WizardPage } from '../features/new-machine/wizard-page.tsx';
import { Shell } from './shell.tsx';
import { cssVariables, theme } from './theme.ts';

const router = createHashRouter([
  {
    path: '/',
    element: <Shell />,
    children: [
      { index: true, element: <Navigate to="/machines" replace /> },
      {
        path: 'machines',
        element: <MachinesPage />,
        children: [
          { index: true, element: <ChooseMachine /> },
          { path: 'new', element: <WizardPage /> },
          { path: ':id/:tab?', element: <MachinePage /> },
        ],
      },
      { path: 'containers', element: <LaterPage section="containers" /> },
      { path: 'images', element: <LaterPage section="images" /> },
      { path: 'volumes', element: <LaterPage section="volumes" /> },
      { path: 'networks', element: <LaterPage section="networks" /> },
      { path: 'host', element: <HostPage /> },
      { path: '*', element: <Navigate to="/machines" replace /> },
    ],
  },
]);

export function App() {
  useEffect(() => {
    const leave = [followMachines(), followSettings()];
    return () => {
      for (const stop of leave) stop();
    };
  }, []);
  return (
    <QueryClientProvider client={queries}>
      {/* Light or dark is the main process's to choose (nativeTheme); the page follows prefers-color-scheme. */}
      <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
        <Notifications position="bottom-left" limit={3} />
        <RouterProvider router={router} />
      </MantineProvider>
    </QueryClientProvider>
  );
}
