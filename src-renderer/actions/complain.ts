import { notifications } from '@mantine/notifications';
import { failureOf } from '../api/bridge.ts';

/** Says what went wrong where nobody else would. */
export function complain(title: string, error: unknown): void {
  notifications.show({ color: 'red', title, message: failureOf(error).message, autoClose: 8000 });
}
