import type { DeviceRule, Resources } from '../runtime/spec/linux.ts';

const character = (major: number, minor: number, access = 'rwm'): DeviceRule => ({
  allow: true,
  type: 'c',
  major,
  minor,
  access,
});

/** What every container may use whatever its policy says, as in runc: nodes may be made, and these be used. */
const ALWAYS: readonly DeviceRule[] = [
  character(-1, -1, 'm'),
  { allow: true, type: 'b', major: -1, minor: -1, access: 'm' },
  // null, full, zero, random, urandom
  ...[3, 7, 5, 8, 9].map((minor) => character(1, minor)),
  // tty, console, ptmx
  ...[0, 1, 2].map((minor) => character(5, minor)),
  character(136, -1),
];

/** A container's resources with those rules, where it has a device policy at all. */
export function withDefaultDevices(resources: Resources): Resources {
  const rules = resources.devices ?? [];
  return rules.length === 0 ? resources : { ...resources, devices: [...rules, ...ALWAYS] };
}
