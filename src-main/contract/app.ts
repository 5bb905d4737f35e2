import { z } from 'zod';

export const theme = z.enum(['system', 'light', 'dark']);
export type Theme = z.infer<typeof theme>;

/** What the app remembers about how a person likes it. */
export const appSettings = z.object({
  theme,
  /** Whether it was said already that closing the window stops no machine. */
  keepsRunningSaid: z.boolean(),
});
export type AppSettings = z.infer<typeof appSettings>;
