import { Failure } from '../../../base/failure.ts';

/** What `--security-opt` decides. */
export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** The default policy, none, or a policy of the user's as Docker's JSON. */
  readonly seccomp: 'default' | 'unconfined' | { readonly profile: unknown };
  /** False for `systempaths=unconfined`: /proc and /sys are shown whole. */
  readonly maskPaths: boolean;
}

/** Reads `--security-opt` values. Throws `usage` for one that could not be kept: a promise of security is never dropped silently. */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
  let noNewPrivileges = false;
  let seccomp: SecurityOptions['seccomp'] = 'default';
  let maskPaths = true;
  for (const option of options) {
    const [name = '', value] = option.split(/[=:](.*)/s);
    if (name === 'no-new-privileges') noNewPrivileges = isTrue(option, value);
    else if (name === 'seccomp') seccomp = seccompOf(value ?? '');
    else if (name === 'systempaths' && value === 'unconfined') maskPaths = false;
    else if ((name === 'apparmor' && value === 'unconfined') || (name === 'label' && value === 'disable')) continue;
    else
      throw new Failure(
        'usage',
        'bad-security-option',
        `invalid --security-opt: "${option}": it is not supported here`,
      );
  }
  return { noNewPrivileges, seccomp, maskPaths };
}

function isTrue(option: string, value: string | undefined): boolean {
  if (value === undefined || value === 'true') return true;
  if (value === 'false') return false;
  throw new Failure('usage', 'bad-security-option', `invalid --security-opt: "${option}"`);
}

function seccompOf(value: string): SecurityOptions['seccomp'] {
  if (value === 'unconfined') return value;
  if (value === 'builtin' || value === 'default') return 'default';
  try {
    return { profile: JSON.parse(value) };
  } catch {
    throw new Failure('usage', 'bad-seccomp-profile', 'opening seccomp profile failed: it is not JSON');
  }
}
