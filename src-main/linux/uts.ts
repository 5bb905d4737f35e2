import { checked, libcFunction } from './libc.ts';

const cSethostname = libcFunction<[string, number], number>('int sethostname(const char *name, size_t length)');
const cSetdomainname = libcFunction<[string, number], number>('int setdomainname(const char *name, size_t length)');

/** sethostname(2), of the calling thread's UTS namespace. */
export function setHostName(name: string): void {
  checked(cSethostname(name, Buffer.byteLength(name)), 'sethostname', name);
}

/** setdomainname(2). */
export function setDomainName(name: string): void {
  checked(cSetdomainname(name, Buffer.byteLength(name)), 'setdomainname', name);
}
