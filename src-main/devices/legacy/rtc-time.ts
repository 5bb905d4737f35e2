/** The MC146818A's time, calendar and alarm bytes (data sheet, "Time, calendar and alarm locations"). */

export const SECONDS = 0x00;
export const SECONDS_ALARM = 0x01;
export const MINUTES = 0x02;
export const MINUTES_ALARM = 0x03;
export const HOURS = 0x04;
export const HOURS_ALARM = 0x05;
export const DAY_OF_WEEK = 0x06;
export const DAY_OF_MONTH = 0x07;
export const MONTH = 0x08;
export const YEAR = 0x09;
/** Not of the MC146818A: where PC firmware and the FADT (ACPI 6.4 §5.2.9, CENTURY) put it. */
export const CENTURY = 0x32;

/** How register B says the bytes are written. */
export interface ByteFormat {
  readonly binary: boolean;
  readonly hours24: boolean;
}

const PM = 0x80;
/** Alarm bytes from 0xc0 up match every value ("don't care"). */
const DONT_CARE = 0xc0;
const DAY_SECONDS = 86_400;

export function isTimeByte(index: number): boolean {
  return index === CENTURY || (index <= YEAR && (index >= DAY_OF_WEEK || index % 2 === 0));
}

/** Writes the UTC date and time `ms` into `cmos`. */
export function encodeTime(cmos: Uint8Array, ms: number, format: ByteFormat): void {
  const date = new Date(ms);
  const year = date.getUTCFullYear();
  cmos[SECONDS] = encode(date.getUTCSeconds(), format);
  cmos[MINUTES] = encode(date.getUTCMinutes(), format);
  cmos[HOURS] = encodeHour(date.getUTCHours(), format);
  cmos[DAY_OF_WEEK] = encode(date.getUTCDay() + 1, format);
  cmos[DAY_OF_MONTH] = encode(date.getUTCDate(), format);
  cmos[MONTH] = encode(date.getUTCMonth() + 1, format);
  cmos[YEAR] = encode(year % 100, format);
  cmos[CENTURY] = encode(Math.floor(year / 100) % 100, format);
}

/** The date and time in `cmos`, in whole seconds as ms since 1970 UTC. Impossible dates run over, as `Date.UTC` does. */
export function decodeTime(cmos: Uint8Array, format: ByteFormat): number {
  const year = decode(cmos[CENTURY]!, format) * 100 + decode(cmos[YEAR]!, format);
  const date = new Date(0);
  date.setUTCFullYear(year, decode(cmos[MONTH]!, format) - 1, decode(cmos[DAY_OF_MONTH]!, format));
  date.setUTCHours(decodeHour(cmos[HOURS]!, format), decode(cmos[MINUTES]!, format), decode(cmos[SECONDS]!, format));
  return date.getTime();
}

/** Seconds from `second` (since 1970) to the next one the alarm bytes match, 1 to 86,400; -1 when none ever does. */
export function secondsToAlarm(cmos: Uint8Array, second: number, format: ByteFormat): number {
  const wantedSecond = alarmValue(cmos[SECONDS_ALARM]!, format, decode);
  const wantedMinute = alarmValue(cmos[MINUTES_ALARM]!, format, decode);
  const wantedHour = alarmValue(cmos[HOURS_ALARM]!, format, decodeHour);
  if (wantedSecond > 59 || wantedMinute > 59 || wantedHour > 23) return -1;
  for (let at = second + 1; at <= second + DAY_SECONDS; ) {
    const ofDay = modulo(at, DAY_SECONDS);
    if (wantedHour >= 0 && Math.floor(ofDay / 3600) !== wantedHour) at += 3600 - (ofDay % 3600);
    else if (wantedMinute >= 0 && Math.floor(ofDay / 60) % 60 !== wantedMinute) at += 60 - (ofDay % 60);
    else if (wantedSecond >= 0 && ofDay % 60 !== wantedSecond) at += 1;
    else return at - second;
  }
  return -1;
}

export function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

function alarmValue(
  byte: number,
  format: ByteFormat,
  decodeByte: (byte: number, format: ByteFormat) => number,
): number {
  return byte >= DONT_CARE ? -1 : decodeByte(byte, format);
}

function encode(value: number, { binary }: ByteFormat): number {
  return binary ? value : (Math.floor(value / 10) << 4) | (value % 10);
}

function decode(byte: number, { binary }: ByteFormat): number {
  return binary ? byte : (byte >> 4) * 10 + (byte & 0x0f);
}

function encodeHour(hour: number, format: ByteFormat): number {
  if (format.hours24) return encode(hour, format);
  return encode(hour % 12 === 0 ? 12 : hour % 12, format) | (hour >= 12 ? PM : 0);
}

function decodeHour(byte: number, format: ByteFormat): number {
  if (format.hours24) return decode(byte, format);
  return (decode(byte & ~PM, format) % 12) + ((byte & PM) !== 0 ? 12 : 0);
}
