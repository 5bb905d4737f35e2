/** What the Docker API's X-Registry-Auth header carries (Docker API 1.47 §Authentication). Never logged. */
export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  /** An OAuth2 refresh token, in place of a password. */
  readonly identityToken?: string;
  /** A bearer token, sent as it is. */
  readonly registryToken?: string;
  readonly serverAddress?: string;
}
