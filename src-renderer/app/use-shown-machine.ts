import { useMatch } from 'react-router';

/** The id of the machine whose page is open. */
export function useShownMachineId(): string | undefined {
  const id = useMatch('/machines/:id/*')?.params.id;
  return id === 'new' ? undefined : id;
}
