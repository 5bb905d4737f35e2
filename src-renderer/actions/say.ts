import { notifications } from '@mantine/notifications';
import { en } from '../locales/en.ts';

/** Says that something is done which would not be seen otherwise. */
export function say(message: string, forMs = 3500): void {
  notifications.show({ message, autoClose: forMs, closeButtonProps: { 'aria-label': en.detail.dismiss } });
}
