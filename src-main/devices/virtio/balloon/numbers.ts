/** Memory balloon device (virtio 1.2 §5.5). */
export const BALLOON_DEVICE = 5;

/** §5.5.2. */
export const BALLOON_QUEUE = { inflate: 0, deflate: 1, statistics: 2 } as const;
export const BALLOON_QUEUE_SIZE = 128;

/** §5.5.3. */
export const BALLOON_FEATURE = { STATS_VQ: 1, DEFLATE_ON_OOM: 2 } as const;

/** struct virtio_balloon_config (§5.5.4): num_pages is the device's, actual the driver's. */
export const BALLOON_CONFIG = { numPages: 0, actual: 4, bytes: 8 } as const;

/** §5.5.6: pages are counted in units of 4096 bytes whatever the guest's page size is. */
export const BALLOON_PAGE = 4096;

/** struct virtio_balloon_stat (§5.5.6.3): a 16-bit tag, a 64-bit value. */
export const STATISTIC_BYTES = 10;

/** §5.5.6.4, by tag. Amounts of memory are in bytes. */
export const STATISTICS = [
  'swapIn',
  'swapOut',
  'majorFaults',
  'minorFaults',
  'free',
  'total',
  'available',
  'diskCaches',
  'hugePageAllocations',
  'hugePageFailures',
] as const;
export type Statistic = (typeof STATISTICS)[number];
