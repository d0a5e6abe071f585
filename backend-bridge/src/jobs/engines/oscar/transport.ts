/** How descriptors of tasks come to machines that share nothing with the bridge but an object store. */
export interface IDescriptorTransport {
  /**
   * Sends one on its way. It may be lost, come late, or come twice.
   *
   * @param body - JSON of a task, at most BODY_LIMIT bytes
   * @returns What `cancel` and `look` call it, where the other side gives names
   */
  post(body: Buffer): Promise<string | undefined>;
  /** What is known of the descriptors that are under way or worked on. */
  look(): Promise<ITransportLook>;
  cancel(handle: string): Promise<void>;
  /** Workers that there may be at the most, and that could begin now beside those that work; undefined: nobody knows. */
  room(): Promise<{ most?: number; free?: number }>;
  /** Processors that are kept for one worker. */
  readonly cpus: number;
}

export interface ITransportLook {
  /** Jobs of all callers that wait or run. */
  alive: number;
  /** By handle, whether it waits or runs; absent: there are no handles. A handle that is missing is over. */
  handles?: ReadonlyMap<string, boolean>;
}

/** A body travels as base64 in one variable of the environment, which Linux limits to 128 KiB. */
export const BODY_LIMIT = 94_000;
