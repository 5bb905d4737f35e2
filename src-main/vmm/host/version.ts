import packageFile from '../../../package.json' with { type: 'json' };

/** This release of Bulkhead. */
export const version: string = packageFile.version;
