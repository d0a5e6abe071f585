/** Why an answer of the embedded cluster differs from the recorded one, also when it is strict. */
export interface IDeliberate {
  /** Of `file:id`. */
  pattern: RegExp;
  why: string;
}

/** Holes of the real manager that are closed here in both modes. */
const SAFER: IDeliberate[] = [
  {
    pattern:
      /^r2-oidc\.json:(refused-bearer\/.*|other-issuer.*|no-issuer|not-a-jwt.*|hex64-bearer|service-token-on-system)$|^oidc\.json:bad-(not-jwt|issuer)$/,
    why: 'after a refused bearer the real manager goes on to the handler, which answers strangers and even writes for them'
  },
  {
    pattern:
      /^oidc\.json:bucket-read-other$|^r2-oidc\.json:(stranger-bucket-read|bucket-(restone|isolone|privone)-u[26]|bucket-read-stranger-(private|restricted)|private-presign\/read-u3-by-u2|restricted\/bucket-stranger)$/,
    why: 'any user reads the list of objects of any private or restricted bucket'
  },
  {
    pattern:
      /^oidc\.json:bucket-update-other$|^r2-oidc\.json:(stranger-bucket-update|bucket-update-stranger-public|bucket-read-after-stranger-public)$/,
    why: "a stranger's PUT strips a public bucket of its policy and locks the owner out"
  },
  {
    pattern: /^r2-oidc\.json:(stranger-federation-(read|post)|service-after-bucket-update)$/,
    why: 'any user reads and writes the federation of any service (the second answer shows what the stranger wrote)'
  },
  {
    pattern: /^r2-oidc\.json:(log-public-by-stranger|delete-job-public-by-stranger|jobs-pubone-after)$/,
    why: 'any user reads and deletes every job of a public service; here only its own, and the owner of the service all'
  }
];

/** Things that a cluster on one machine has, or knows better. */
const OWN: IDeliberate[] = [
  {
    pattern: /^(r2-general|services)\.json:run-no-backend$/,
    why: 'this cluster has /run; the recorded one had no serverless backend'
  },
  {
    pattern: /^(general\.json:(status|system-logs)|oidc\.json:status)$/,
    why: 'the recorded cluster lacked the metrics API and the pod of the manager'
  },
  {
    pattern: /^r2-exposed\.json:exposed-path$/,
    why: 'exposed services are served by an ingress on a real cluster, and here by the manager'
  },
  {
    pattern: /^r2-services\.json:update-(add-output-new-bucket|visibility|log-level-odd)$/,
    why: 'the recorded answer runs the same complaint together several times; here it stands once, or is not made a second time'
  },
  { pattern: /^r2-general\.json:ui-slash$/, why: 'there is no dashboard; the page says what this is' },
  {
    pattern:
      /^(services\.json:(read-expose-deployment|deployment-exposed|deployment-logs-exposed|stop-exposed|start-exposed|list-include)|r2-exposed\.json:(deployment-(at-once|ready|logs.*|started|restarted|two)|read-include|stop|start-again|restart))$/,
    why: 'the recorded pods were walked through their states by hand with a fixed log; here the script runs, and this one ends at once'
  },
  {
    pattern:
      /^(jobs\.json:log(-timestamps)?|r2-jobs\.json:(log-(running|succeeded|timestamps|timestamps-odd)|deployment-logs-after-jobs)|r2-oidc\.json:log-owner)$/,
    why: 'the recorded log was a fixed text; here the script runs'
  },
  {
    pattern: /^r2-run\.json:run-(json|base64|empty|query|500|404|1-MB|headers|public-by-user|owner-query)$/,
    why: "behind the recorded /run stood a server that echoes; here the supervisor runs the service's script"
  },
  { pattern: /^r2-run\.json:config$/, why: 'recorded with Kueue' },
  {
    pattern: /^r2-jobs\.json:list-after-delete-finished-jobsvc$/,
    why: 'jobs whose input is no base64 really fail here, and stay'
  },
  {
    pattern: /^(oidc\.json:metrics|r2-oidc\.json:metrics-(u1|breakdown-u1|service-u1))$/,
    why: 'the recorded cluster had no Loki to count requests; here they are counted'
  },
  {
    pattern:
      /^r2-oidc\.json:(delete-restone|bucket-delete-u1-rn|buckets-(after-deletes|end)|quota-(own(-after|-with-volume)?|admin|put-(volumes|minio(-low)?))|(bucket|service)-over(-bucket)?-quota|service-volume(-too-big)?|restricted\/(update-to-private|bucket-after-(empty|private|public|delete)|delete-restricted-unknown))$/,
    why: "leftovers of MinIO's groups, which this store does not have (one of them kept a deleted bucket, which the quotas then count)"
  },
  {
    pattern: /^r2-oidc\.json:bucket-isolone-u2-u2$/,
    why: 'the bucket of a user of isolation USER has no tags on a real cluster, so that the manager hides it from its own user'
  },
  { pattern: /^oidc\.json:buckets-u2$/, why: 'lists a private bucket of somebody else, as public' },
  { pattern: /^r2-oidc\.json:system-logs-users-admin$/, why: 'there are no USERS_ADMIN here: the administrator is one' }
];

/** What the record does not show how to make. */
const UNSAID: IDeliberate[] = [
  {
    pattern: /^services\.json:auth-service-token$/,
    why: 'the first recording kept no Set-Cookie headers; the second does, and agrees'
  },
  {
    pattern:
      /^((r2-services|buckets|chain|oidc)\.json:(list(-include(-other)?|-some|-admin|-buckets)?|buckets-after-delete-a)|r2-services\.json:buckets-(after-failed|end)|r2-jobs\.json:mount\/buckets-after|r2-oidc\.json:(list-u[1-6]|list-admin|list-end))$/,
    why: 'lists services or buckets that were made outside of the record'
  },
  {
    pattern:
      /^(chain-by-notification\.json:jobs-of-second|r2-oidc\.json:(jobs-privone-u1|restricted\/jobs-(allowed|admin)|bucket-after-update-to-(public|restricted)|delete-job-owner))$/,
    why: 'shows objects, and jobs of uploads, that were made by plain S3 outside of the record'
  }
];

export const DELIBERATE: IDeliberate[] = [...SAFER, ...OWN, ...UNSAID];
