/** A container's folder in one hierarchy of control groups. */
export interface CgroupHierarchy {
  /** `cpu,cpuacct`, or `name=systemd`; empty for version 2. */
  readonly name: string;
  readonly path: string;
}
