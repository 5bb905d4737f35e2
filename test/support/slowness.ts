/**
 * How many times slower than usual this computer is: the lab's processor is emulated, and CI's may be anybody's. Patience
 * is multiplied by it, so that a test which waits for something that must happen waits long enough.
 */
export const SLOWNESS = Number(process.env.BULKHEAD_TEST_SLOWNESS) || (process.env.CI === 'true' ? 4 : 1);
