import { z } from 'zod';

/** A failure as it crosses a process boundary; the shape is that of `FailureRecord` in base/failure.ts. */
export const failureRecord = z.object({
  failureClass: z.enum(['usage', 'not-found', 'state', 'host', 'failed']),
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
});

export type FailureRecord = z.infer<typeof failureRecord>;
