/** The supervisor gave up: the job fails, whatever its script did. The message is what its log says. */
export class SupervisorError extends Error {
  /**
   * @param message What goes to the log.
   * @param printed Lines that the real supervisor prints beside it (`There was an exception in …`).
   */
  constructor(
    message: string,
    readonly printed: string[] = []
  ) {
    super(message);
    this.name = 'SupervisorError';
  }
}
