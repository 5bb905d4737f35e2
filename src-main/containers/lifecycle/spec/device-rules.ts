/** OCI runtime 1.2 config-linux "Allowed Device list": one rule, the later ones win. */
export interface DeviceRule {
  readonly allow: boolean;
  readonly type?: 'a' | 'b' | 'c';
  readonly major?: number;
  readonly minor?: number;
  readonly access: string;
}

const character = (major: number, minor: number | undefined, access = 'rwm'): DeviceRule => ({
  allow: true,
  type: 'c',
  major,
  ...(minor === undefined ? {} : { minor }),
  access,
});

/** Nodes may be made; used may be null, zero, full, random, urandom, the terminals (Linux admin-guide devices.txt). */
export const DEFAULT_DEVICE_RULES: readonly DeviceRule[] = [
  { allow: false, access: 'rwm' },
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  character(1, 3),
  character(1, 5),
  character(1, 7),
  character(1, 8),
  character(1, 9),
  character(5, 0),
  character(5, 1),
  character(5, 2),
  character(136, undefined),
];

export const ALL_DEVICES: readonly DeviceRule[] = [{ allow: true, access: 'rwm' }];
