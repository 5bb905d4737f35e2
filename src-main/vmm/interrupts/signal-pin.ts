/** A one-way wire out of a chip that asks the machine for something: reset, power off, debug exit. */
export interface SignalPin {
  /** `value` only where the chip has one to tell (debug exit's code); 0 otherwise. */
  pulse(value: number): void;
}
