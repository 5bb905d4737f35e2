/** Docker's verbs, through the engine's own API. */
export const DOCKER_VERBS: readonly string[] = [
  ...['run', 'create', 'ps', 'logs', 'exec', 'attach', 'start', 'stop', 'restart', 'pause', 'unpause', 'kill', 'rm'],
  ...['wait', 'rename', 'images', 'pull', 'push', 'rmi', 'tag', 'save', 'load', 'inspect', 'events', 'cp'],
  ...['stats', 'top', 'update', 'diff', 'port', 'history', 'commit', 'export', 'import', 'login', 'logout'],
];
