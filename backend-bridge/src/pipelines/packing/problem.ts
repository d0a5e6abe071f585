/** What stands in the way of packing; the caller makes it a message of its own. */
export class PackProblem extends Error {
  constructor(
    message: string,
    /** Where, as the cell or file counts its lines. */
    readonly line?: number,
    readonly action?: string
  ) {
    super(message);
    this.name = 'PackProblem';
  }
}
