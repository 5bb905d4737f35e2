import type { BlockBackend } from '../block-backend.ts';

/** What is in an empty drive. */
export const noMedium: BlockBackend = {
  sizeBytes: 0,
  readOnly: true,
  optimalBlockBytes: 512,
  completionFd: -1,
  submit: (request) => request.done('failed'),
  reap: () => {},
  plug: () => {},
  unplug: () => {},
  dispose: () => {},
};
