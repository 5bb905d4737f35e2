import { readFile } from 'node:fs/promises';
import { protocol, type Session } from 'electron';
import { securityHeaders } from './content-security.ts';
import { appScheme, rendererFile } from './renderer-files.ts';

/** To be called before the app is ready. */
export function declareAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: appScheme, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** Serves `folder`, the built window, as `bulkhead://app/`. */
export function serveRenderer(session: Session, folder: string): void {
  session.protocol.handle(appScheme, async (request) => {
    const file = request.method === 'GET' ? rendererFile(folder, request.url) : undefined;
    if (file === undefined) return new Response('no such file', { status: 404, headers: securityHeaders });
    try {
      const body = new Uint8Array(await readFile(file.path));
      return new Response(body, { headers: { ...securityHeaders, 'Content-Type': file.contentType } });
    } catch {
      return new Response('no such file', { status: 404, headers: securityHeaders });
    }
  });
}
