/** What a user can set for the page. */
export interface IOscarSettings {
  /** When a job ends: tell about all, only about failed ones, or nothing. */
  readonly notify: 'all' | 'failed' | 'none';
  /** Lines of a log that are kept in the page. */
  readonly logLines: number;
  /** Open a job's view when it is started from here. */
  readonly openJobs: boolean;
  /** Where the hub answers its user's access token, below its prefix; empty: it is not asked. */
  readonly hubTokenService: string;
}

export const DEFAULT_SETTINGS: IOscarSettings = Object.freeze({
  notify: 'failed',
  logLines: 20000,
  openJobs: true,
  hubTokenService: ''
});
