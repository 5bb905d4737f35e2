import { extname, join, normalize, sep } from 'node:path';

export const appScheme = 'bulkhead';
export const appOrigin = `${appScheme}://app`;

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

export interface RendererFile {
  path: string;
  contentType: string;
}

/** The file of the window's own build that `url` names; undefined for anything else, whatever it is spelled like. */
export function rendererFile(folder: string, url: string): RendererFile | undefined {
  let parsed: URL;
  let pathname: string;
  try {
    parsed = new URL(url);
    pathname = decodeURIComponent(parsed.pathname);
  } catch {
    return undefined;
  }
  if (parsed.protocol !== `${appScheme}:` || parsed.host !== 'app' || pathname.includes('\0')) return undefined;
  const path = normalize(join(folder, pathname === '/' ? '/index.html' : pathname));
  const contentType = contentTypes[extname(path)];
  if (!path.startsWith(folder + sep) || contentType === undefined) return undefined;
  return { path, contentType };
}

/** Whether a frame's address is our own page. */
export function isOurPage(url: string): boolean {
  return URL.canParse(url) && new URL(url).protocol === `${appScheme}:` && new URL(url).host === 'app';
}
