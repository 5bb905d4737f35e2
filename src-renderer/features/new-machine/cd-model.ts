import { type Cdrom, emptyDrive } from '../../../src-main/contract/hardware.ts';

/** A CD drive as a form's text: empty where there is none, else what is in it. */
export type CdForm = '' | Cdrom;

/** The path of the image in a drive; empty where nothing is, or where there is no drive. */
export function mediumOf(cdrom: CdForm): string {
  return cdrom === emptyDrive ? '' : cdrom;
}

/** The drive with another image in it. Without one the drive stays, where there is one. */
export function withMedium(cdrom: CdForm, path: string): CdForm {
  if (path !== '') return path;
  return cdrom === '' ? '' : emptyDrive;
}

/** The drive, emptied or put in, or none. */
export function withDrive(cdrom: CdForm, wanted: boolean): CdForm {
  if (!wanted) return '';
  return cdrom === '' ? emptyDrive : cdrom;
}
