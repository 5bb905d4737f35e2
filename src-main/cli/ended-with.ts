/** What a verb was about ended with this status, and everything there is to say has been said. */
export class EndedWith extends Error {
  constructor(readonly status: number) {
    super(`exit status ${status}`);
  }
}
