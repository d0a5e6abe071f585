import { isUtf8 } from 'node:buffer';
import { isBase64, pyBase64 } from './base64';
import { SupervisorError } from './errors';
import { pyDumps, pyLoads, PyNumber, type PyValue } from './python-json';

export type ProviderType = 'minio' | 's3' | 'onedata' | 'webdav' | 'rucio';

/** An object that somebody put somewhere. */
export interface IStorageEvent {
  kind: 'storage';
  provider: ProviderType;
  /** The part after the dot of `minio.default`. */
  providerId: string;
  /** Absent where the provider has paths only. */
  bucket?: string;
  key: string;
  /** Last part of the key: the input file's name. */
  fileName: string;
  time?: string;
  /** What the variable EVENT holds; absent for events that the supervisor does not store. */
  event?: string;
}

/** Anything else: the body is the input file. */
export interface IUnknownEvent {
  kind: 'unknown';
  /** Bytes of the input file; throws SupervisorError where the original does when it saves them. */
  content: () => Buffer;
}

export interface IParsedEvent {
  event: IStorageEvent | IUnknownEvent;
  /** `CONT_VAR_<name>` of an API gateway request. */
  variables: Record<string, string>;
  /** What the supervisor logs at INFO (first) or WARNING while it reads the event. */
  log: { level: 'INFO' | 'WARNING'; message: string }[];
}

export interface IParseOptions {
  /** The service's inputs; a dCache event only names a file, its folder is here. */
  input?: { storage_provider: string; path: string }[];
  /** Refuse what the original refuses; otherwise text that is not base64, and bytes, are taken as they are. */
  strict?: boolean;
}

/** One form of event. The first that matches wins, as in faassupervisor/events/__init__.py. */
interface IForm {
  matches: (event: PyValue) => boolean;
  parse: (event: Map<string, PyValue>, context: IContext) => IParsedEvent['event'];
}

interface IContext {
  options: IParseOptions;
  result: Omit<IParsedEvent, 'event'>;
  providerId: string;
}

const FORMS: IForm[] = [
  {
    // API gateway: the body is the event, the query becomes variables.
    matches: event => has(event, 'httpMethod'),
    parse: (event, context) => {
      info(context, 'API Gateway event found.');
      const query = event.get('queryStringParameters');
      if (query instanceof Map) {
        for (const [key, value] of query) {
          if (typeof value === 'string' && value !== '') {
            context.result.variables[`CONT_VAR_${key}`] = value;
          }
        }
      }
      const body = event.get('body');
      return parseValue(body instanceof Map && body.size > 0 ? body : textOf(body), {
        ...context,
        providerId: 'default'
      });
    }
  },
  {
    // dCache names the file only.
    matches: event => has(event, 'event') && has(event, 'subscription'),
    parse: (event, context) => {
      info(context, 'Dcache event found.');
      const folder = context.options.input?.find(input => input.storage_provider === 'webdav.dcache')?.path;
      if (folder === undefined) {
        context.result.log.push({ level: 'WARNING', message: 'There is no dcache input defined for this function.' });
      }
      const fileName = text(field(event, 'event'), 'name');
      info(context, 'DCACHE event created');
      return {
        kind: 'storage',
        provider: 'webdav',
        providerId: 'dcache',
        key: folder ? `${folder}/${fileName}` : fileName,
        fileName
      };
    }
  },
  {
    matches: event => has(event, 'event_type') && event instanceof Map && has(event.get('payload') ?? null, 'scope'),
    parse: (event, context) => {
      info(context, 'Rucio event found.');
      const name = text(field(event, 'payload'), 'name');
      return {
        kind: 'storage',
        provider: 'rucio',
        providerId: context.providerId,
        key: name,
        fileName: basename(name)
      };
    }
  },
  {
    // Delegated by another cluster: the event is inside, and so is the provider whose keys to use.
    matches: event => has(event, 'event'),
    parse: (event, context) => {
      info(context, 'Delegated event found.');
      const provider = event.get('storage_provider');
      const inner = event.get('event');
      return parseValue(inner instanceof Map ? inner : textOf(inner), {
        ...context,
        // The original hands the whole name on; `minio.origin` and `origin` both mean the provider `origin`.
        providerId: typeof provider === 'string' ? provider.slice(provider.indexOf('.') + 1) : 'default'
      });
    }
  },
  {
    matches: event => ['aws:s3', 'minio:s3'].includes(source(event)),
    parse: (event, context) => {
      info(context, 'Storage event found.');
      const record = firstRecord(event);
      const provider = source(event) === 'aws:s3' ? 's3' : 'minio';
      const s3 = field(record, 's3');
      const key = unquotePlus(text(field(s3, 'object'), 'key'));
      info(context, `${provider.toUpperCase()} event created`);
      return {
        kind: 'storage',
        provider,
        providerId: context.providerId,
        bucket: text(field(s3, 'bucket'), 'name'),
        key,
        fileName: basename(key),
        time: text(record, 'eventTime'),
        event: pyDumps(event)
      };
    }
  },
  {
    matches: event => source(event) === 'OneTrigger',
    parse: (event, context) => {
      info(context, 'Storage event found.');
      const record = firstRecord(event);
      info(context, 'ONEDATA event created');
      return {
        kind: 'storage',
        provider: 'onedata',
        providerId: context.providerId,
        key: text(event, 'Key'),
        fileName: text(record, 'objectKey'),
        time: text(record, 'eventTime'),
        event: pyDumps(event)
      };
    }
  }
];

/**
 * What a body means: an object that was put, or the input itself.
 *
 * @throws SupervisorError for bodies that make the original crash.
 */
export function parseEvent(body: Buffer, options: IParseOptions = {}): IParsedEvent {
  const result: Omit<IParsedEvent, 'event'> = { variables: {}, log: [] };
  if (!isUtf8(body)) {
    if (options.strict) {
      throw new SupervisorError("UnicodeDecodeError: 'utf-8' codec can't decode the event");
    }
    return { ...result, event: { kind: 'unknown', content: () => body } };
  }
  return { ...result, event: parseValue(body.toString('utf8'), { options, result, providerId: 'default' }) };
}

function parseValue(given: string | Map<string, PyValue>, context: IContext): IParsedEvent['event'] {
  let event: PyValue;
  if (typeof given === 'string') {
    try {
      event = pyLoads(given);
    } catch {
      // Not JSON: the text is the input.
      return { kind: 'unknown', content: () => decode(given, context.options) };
    }
  } else {
    event = given;
  }
  if (context.options.strict && (event === null || typeof event === 'boolean' || event instanceof PyNumber)) {
    throw new SupervisorError('TypeError: argument of this type is not iterable');
  }
  const form = FORMS.find(candidate => candidate.matches(event));
  if (form) {
    if (!(event instanceof Map)) {
      throw new SupervisorError('TypeError: list indices must be integers or slices, not str');
    }
    return form.parse(event, context);
  }
  return {
    kind: 'unknown',
    content: () => save(event, typeof given === 'string' ? given : undefined, context.options)
  };
}

/** `UnknownEvent.save_event`. */
function save(event: PyValue, original: string | undefined, options: IParseOptions): Buffer {
  if (event instanceof Map) {
    return Buffer.from(pyDumps(event));
  }
  if (typeof event === 'string') {
    try {
      pyLoads(event);
    } catch {
      // A string that is no JSON itself.
      return decode(event, options);
    }
    return Buffer.from(event);
  }
  if (options.strict) {
    throw new SupervisorError('TypeError: write() argument must be str, not list');
  }
  return Buffer.from(original ?? pyDumps(event));
}

function decode(body: string, options: IParseOptions): Buffer {
  return options.strict || isBase64(body) ? pyBase64(body) : Buffer.from(body);
}

/** Python's `in`: keys of an object, members of a list, parts of a string. */
function has(event: PyValue, name: string): boolean {
  if (event instanceof Map) {
    return event.has(name);
  }
  return Array.isArray(event) && event.includes(name);
}

function source(event: PyValue): string {
  const records = event instanceof Map ? event.get('Records') : undefined;
  const first = Array.isArray(records) ? records[0] : undefined;
  const value = first instanceof Map ? first.get('eventSource') : undefined;
  return typeof value === 'string' ? value : '';
}

function firstRecord(event: Map<string, PyValue>): Map<string, PyValue> {
  // `source` has looked at it.
  return (event.get('Records') as Map<string, PyValue>[])[0];
}

function field(object: Map<string, PyValue>, name: string): Map<string, PyValue> {
  const value = object.get(name);
  if (!(value instanceof Map)) {
    throw new SupervisorError(`KeyError: '${name}'`);
  }
  return value;
}

function text(object: Map<string, PyValue>, name: string): string {
  const value = object.get(name);
  if (typeof value !== 'string') {
    throw new SupervisorError(`KeyError: '${name}'`);
  }
  return value;
}

/** An absent or empty body is an empty text. */
function textOf(value: PyValue | undefined): string {
  if (typeof value === 'string') {
    return value;
  }
  return value === undefined || value === null || value instanceof Map ? '' : pyDumps(value);
}

/** Python's `unquote_plus`. */
function unquotePlus(value: string): string {
  const bytes = value
    .replace(/\+/g, ' ')
    .replace(/(?:%[0-9a-fA-F]{2})+/g, run => Buffer.from(run.replace(/%/g, ''), 'hex').toString('utf8'));
  return bytes;
}

function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function info(context: IContext, message: string): void {
  context.result.log.push({ level: 'INFO', message });
}
