import { asFailure, type FailureClass } from '../../base/failure.ts';

/** A failure's class as an HTTP status, the one place where it becomes one. */
const STATUS: Record<FailureClass, number> = { usage: 400, 'not-found': 404, state: 409, host: 500, failed: 500 };

/** Codes whose status clients tell apart from that of their class. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  'not-in-this-release': 501,
  'login-denied': 401,
  'body-too-large': 413,
  'permission-refused': 403,
  'predefined-network': 403,
  /** Docker API 1.47 ContainerStart, ContainerStop: nothing to do is not an error. */
  'not-modified': 304,
  'bad-container-command': 400,
};

/** Says of an error whose fault it is, which the status alone does not: for clients of ours. */
export const FAILURE_CLASS_HEADER = 'bulkhead-failure';

export interface ErrorAnswer {
  readonly status: number;
  readonly message: string;
  readonly failureClass: FailureClass;
}

/** Any thrown thing as clients see it: a status and one line. The hint goes along, as Docker's clients show `message` alone. */
export function errorAnswer(error: unknown): ErrorAnswer {
  const failure = asFailure(error);
  const status = STATUS_OF_CODE[failure.code] ?? STATUS[failure.failureClass];
  const { failureClass, hint } = failure;
  const message = hint === undefined ? failure.message : `${failure.message} (${hint})`;
  return { status, message, failureClass };
}
