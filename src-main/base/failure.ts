/**
 * Whose fault a failure is and what may be done about it. The CLI maps a class to its exit status, the IPC and the
 * Docker API map it to their own codes, each in one place.
 */
export type FailureClass =
  /** The request makes no sense: a bad flag, an impossible value. */
  | 'usage'
  /** No such machine, disk, container. */
  | 'not-found'
  /** Right request, wrong moment: the machine is running, the name is taken. */
  | 'state'
  /** The host lacks something: KVM, a permission, a tool, disk space. */
  | 'host'
  /** Everything else that went wrong outside our code. */
  | 'failed';

export interface FailureOptions {
  /** One sentence on what the user can do about it. */
  hint?: string;
  /** Named values behind the message, for logs and machine readers. */
  facts?: Record<string, string | number | boolean | null>;
  cause?: unknown;
}

/** The host's or the user's fault, described for a person. Made where it happened, shown where it belongs. */
export class Failure extends Error {
  readonly hint: string | undefined;
  readonly facts: Record<string, string | number | boolean | null>;

  /**
   * @param failureClass whose fault it is
   * @param code stable, kebab-case, for programs: `kernel-truncated`
   * @param message `<what>: <why>`, without a full stop
   */
  constructor(
    readonly failureClass: FailureClass,
    readonly code: string,
    message: string,
    options: FailureOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Failure';
    this.hint = options.hint;
    this.facts = options.facts ?? {};
  }

  toJSON(): FailureRecord {
    return {
      failureClass: this.failureClass,
      code: this.code,
      message: this.message,
      facts: this.facts,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
    };
  }
}

/** A `Failure` as it crosses a process or thread boundary. */
export interface FailureRecord {
  failureClass: FailureClass;
  code: string;
  message: string;
  hint?: string;
  facts?: Record<string, string | number | boolean | null>;
}

/** The failure a record describes, as an error again. */
export function reviveFailure(record: FailureRecord): Failure {
  const options: FailureOptions = { facts: record.facts ?? {} };
  if (record.hint !== undefined) options.hint = record.hint;
  return new Failure(record.failureClass, record.code, record.message, options);
}

/** Any thrown thing as a `Failure`: ours as it is, a system error by its code, the rest as `failed`. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof Error)) return new Failure('failed', 'unexpected', String(error));
  const errno = (error as NodeJS.ErrnoException).code;
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    return new Failure('host', 'disk-full', error.message, {
      hint: 'free some disk space and try again',
      cause: error,
    });
  }
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new Failure('host', 'permission-denied', error.message, { cause: error });
  }
  return new Failure('failed', errno ?? 'unexpected', error.message, { cause: error });
}

/** Our own fault. Ends the process that hits it, and nothing else. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
