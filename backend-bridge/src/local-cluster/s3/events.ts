import type { INotification, IObjectInfo } from '../interfaces';
import { StoreError } from './errors';

/** Names that a notification may ask for; a `*` at the end stands for all of its kind. */
export const EVENT_NAMES: readonly string[] = [
  's3:ObjectCreated:*',
  's3:ObjectCreated:Put',
  's3:ObjectCreated:Post',
  's3:ObjectCreated:Copy',
  's3:ObjectCreated:CompleteMultipartUpload',
  's3:ObjectCreated:PutTagging',
  's3:ObjectCreated:DeleteTagging',
  's3:ObjectRemoved:*',
  's3:ObjectRemoved:Delete'
];

/** Who asked, for the event's body. */
export interface IRequester {
  /** Access key; '' for a form post and for nobody. */
  principal: string;
  sourceHost: string;
  userAgent: string;
  requestId: string;
  hostId: string;
  /** `http://127.0.0.1:9000` */
  origin: string;
  deployment: string;
}

export interface IEventSubject {
  name: string;
  time: Date;
  bucket: string;
  object: IObjectInfo;
  /** System headers beside the content type, lower case. */
  headers: Record<string, string>;
  /** Hexadecimal, greater with every event. */
  sequencer: string;
  requester: IRequester;
  /** Length of the answer's body where MinIO has it: copy, multipart, tagging. */
  contentLength?: number;
}

const ARN = /^arn:minio:sqs:[a-z0-9-]*:([^:\s]+):webhook$/;

/** The service that an ARN means; undefined when it is none of ours. */
export function serviceOf(arn: string): string | undefined {
  return ARN.exec(arn)?.[1];
}

/** Services whose notifications match, each once. */
export function targetsOf(notifications: INotification[], event: string, key: string): string[] {
  const targets = new Set<string>();
  for (const one of notifications) {
    const hit =
      key.startsWith(one.prefix) &&
      key.endsWith(one.suffix) &&
      one.events.some(name => (name.endsWith('*') ? event.startsWith(name.slice(0, -1)) : name === event));
    const service = hit ? serviceOf(one.arn) : undefined;
    if (service !== undefined) {
      targets.add(service);
    }
  }
  return [...targets];
}

/** @throws StoreError InvalidArgument for an ARN or an event that is none of ours. */
export function checkNotification(one: INotification): void {
  if (serviceOf(one.arn) === undefined) {
    throw new StoreError(
      'InvalidArgument',
      'A specified destination ARN does not exist or is not well-formed. Verify the destination ARN.'
    );
  }
  if (one.events.length === 0 || one.events.some(name => !EVENT_NAMES.includes(name))) {
    throw new StoreError('InvalidArgument', 'A specified event is not supported for notifications.');
  }
}

/** MinIO's webhook body, byte for byte: order of fields, absent sizes, escapes. */
export function eventBody(subject: IEventSubject): string {
  const { object, requester, bucket, contentLength } = subject;
  const principal = { principalId: requester.principal };
  return goJson({
    EventName: subject.name,
    Key: `${bucket}/${object.key}`,
    Records: [
      {
        eventVersion: '2.0',
        eventSource: 'minio:s3',
        awsRegion: '',
        eventTime: subject.time.toISOString(),
        eventName: subject.name,
        userIdentity: principal,
        requestParameters: { ...principal, region: '', sourceIPAddress: requester.sourceHost },
        responseElements: {
          ...(contentLength === undefined ? {} : { 'content-length': String(contentLength) }),
          'x-amz-id-2': requester.hostId,
          'x-amz-request-id': requester.requestId,
          'x-minio-deployment-id': requester.deployment,
          'x-minio-origin-endpoint': requester.origin
        },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: 'Config',
          bucket: { name: bucket, ownerIdentity: principal, arn: `arn:aws:s3:::${bucket}` },
          object: objectBody(subject)
        },
        source: { host: requester.sourceHost, port: '', userAgent: requester.userAgent }
      }
    ]
  });
}

function objectBody({ name, object, headers, sequencer }: IEventSubject): Record<string, unknown> {
  const key = encodeKey(object.key);
  if (name.startsWith('s3:ObjectRemoved:')) {
    return { key, sequencer };
  }
  return {
    key,
    ...(object.size === 0 ? {} : { size: object.size }),
    eTag: object.etag,
    contentType: object.contentType,
    userMetadata: userMetadata(object, headers),
    ...(object.key.endsWith('/') ? { versionId: 'null' } : {}),
    sequencer
  };
}

/** Go writes maps in the order of their keys: `X-Amz-Meta-…` before the headers in lower case. */
function userMetadata(object: IObjectInfo, headers: Record<string, string>): Record<string, string> {
  const all: Record<string, string> = { ...headers, 'content-type': object.contentType };
  for (const [name, value] of Object.entries(object.metadata)) {
    all[canonicalHeader(`x-amz-meta-${name}`)] = value;
  }
  return Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `x-amz-meta-camel-case` → `X-Amz-Meta-Camel-Case`, as Go's net/http does. */
export function canonicalHeader(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}

/** Go's url.QueryEscape: everything but letters, digits and `-_.~`, with `+` for a space. */
export function encodeKey(key: string): string {
  return encodeURIComponent(key)
    .replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

/** Go's encoder escapes what could end a script element, and the two line separators. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  );
}
