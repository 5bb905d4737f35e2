import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { useEffect } from 'react';
import { createHashRouter, Navigate } from 'react-router';
import { RouterProvider } from 'react-router/dom';
import { followMachines } from '../api/machine-list.ts';
import { queries } from '../api/queries.ts';
import { followSettings } from '../api/settings.ts';
import { ContainerPage } from '../features/containers/container-page.tsx';
import { ChooseContainer, ContainersPage } from '../features/containers/containers-page.tsx';
import { NewContainerPage } from '../features/containers/run-form.tsx';
import { ProcessorsPage } from '../features/cpu/processors-page.tsx';

import { HostPage } from '../features/host/host-page.tsx';
import { ImagesPage } from '../features/images/images-page.tsx';
import { MachinePage } from '../features/machine/machine-page.tsx';
import { ChooseMachine, MachinesPage } from '../features/machines/machines-page.tsx';
import { NetworksPage } from '../features/networks/networks-page.tsx';
import { WizardPage } from '../features/new-machine/wizard-page.tsx';
import { VolumesPage } from '../features/volumes/volumes-page.tsx';
import { Shell } from './shell.tsx';
import { cssVariables, theme } from './theme.ts';

/** In pixels: over the navigation and the list beside it, and not over what somebody types in. */
const NOTICE_WIDTH = 346;

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
      {
        path: 'containers',
        element: <ContainersPage />,
        children: [
          { index: true, element: <ChooseContainer /> },
          { path: 'new', element: <NewContainerPage /> },
          { path: ':id/:tab?', element: <ContainerPage /> },
        ],
      },
      { path: 'images', element: <ImagesPage /> },
      { path: 'volumes', element: <VolumesPage /> },
      { path: 'networks', element: <NetworksPage /> },
      { path: 'processors', element: <ProcessorsPage /> },
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
        <Notifications position="bottom-left" limit={3} containerWidth={NOTICE_WIDTH} />
        <RouterProvider router={router} />
      </MantineProvider>
    </QueryClientProvider>
  );
}
