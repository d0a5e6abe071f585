import { authorize } from './access';
import { fromFields, parseTagging, refuseAccessList, tagsFromXml } from './attributes';
import { checkSum, CHECKSUM_NAMES, isChecksum, runningChecksum } from './checksums';
import { StoreError } from './errors';
import { checkKey } from './keys';
import { header, requester, startBody, type IContext } from './request';
import { el, quoted, send, xmlDocument } from './respond';
import { verifyPolicy2 } from './sigv2';
import { verifyPolicy } from './sigv4';

/** All fields before the file, together. */
const MAX_FIELDS = 256 * 1024;
const MAX_FIELD_COUNT = 100;
const LINE_END = Buffer.from('\r\n');
const HEAD_END = Buffer.from('\r\n\r\n');
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/i;
const EMPTY = Buffer.alloc(0);

/** `POST /bucket` with multipart/form-data: an upload by a browser form with a signed policy. */
export async function postForm(context: IContext): Promise<void> {
  const { store, bucket } = context;
  const match = /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(
    header(context, 'content-type')
  );
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) {
    throw new StoreError('MalformedPOSTRequest');
  }
  store.need(bucket);
  const reader = new FormReader(startBody(context) as AsyncIterable<Buffer>, boundary);
  const { fields, fileName, fileType } = await reader.fields();
  const key = (fields.get('key') ?? '').replaceAll('${filename}', fileName);
  if (key === '') {
    throw new StoreError('InvalidArgument', 'The form needs a field "key" before the file.');
  }
  // The policy speaks of the name that the object gets.
  fields.set('key', key);
  const policy = fields.get('policy');
  let range: { least: number; most: number } | undefined;
  if (policy !== undefined) {
    const { accounts, region } = context.options;
    context.caller = fields.has('awsaccesskeyid')
      ? verifyPolicy2(policy, fields, accounts)
      : verifyPolicy(policy, fields, accounts, region);
    range = checkFormPolicy(policy, bucket, fields);
  }
  authorize(context, 's3:PutObject', bucket, key);
  refuseAccessList(fields.get('acl') ?? '');
  checkKey(key);
  if (!fields.has('content-type') && fileType !== '') {
    fields.set('content-type', fileType);
  }
  const tagging = fields.get('tagging') ?? '';
  const tags = tagging.startsWith('<') ? tagsFromXml(tagging, 10) : parseTagging(tagging);
  const { bytes, checksums } = summed(limited(reader.file(), range), fields);
  const row = await store.putStream(
    bucket,
    key,
    bytes,
    {
      ...fromFields(fields, tags),
      event: 's3:ObjectCreated:Post',
      // As recorded: MinIO does not say who posted.
      requester: { ...requester(context), principal: '' }
    },
    checksums
  );
  answer(context, key, row.etag, fields);
}

function answer(context: IContext, key: string, etag: string, fields: ReadonlyMap<string, string>): void {
  const { bucket } = context;
  const location = `http://${header(context, 'host')}/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
  const target = fields.get('success_action_redirect');
  if (target !== undefined && /^https?:\/\//i.test(target) && URL.canParse(target)) {
    const url = new URL(target);
    url.searchParams.set('bucket', bucket);
    url.searchParams.set('key', key);
    url.searchParams.set('etag', quoted(etag));
    send(context, 303, { location: url.href, etag: quoted(etag) });
    return;
  }
  const status = fields.get('success_action_status');
  if (status === '201') {
    const body = xmlDocument(
      'PostResponse',
      el('Bucket', bucket) + el('Key', key) + el('ETag', quoted(etag)) + el('Location', location)
    );
    send(context, 201, { 'content-type': 'application/xml', etag: quoted(etag), location }, body);
    return;
  }
  send(context, status === '200' ? 200 : 204, { etag: quoted(etag), location });
}

/** The bytes of the file, held against the checksum that a field names. */
function summed(
  bytes: AsyncGenerator<Buffer>,
  fields: ReadonlyMap<string, string>
): { bytes: AsyncGenerator<Buffer>; checksums: () => Record<string, string> } {
  const name = CHECKSUM_NAMES.find(one => fields.has(`x-amz-checksum-${one}`));
  if (name === undefined) {
    return { bytes, checksums: () => ({}) };
  }
  const expected = fields.get(`x-amz-checksum-${name}`) ?? '';
  if (!isChecksum(name, expected)) {
    throw new StoreError('InvalidRequest', `Value for x-amz-checksum-${name} is invalid.`);
  }
  const sum = runningChecksum(name);
  async function* read(): AsyncGenerator<Buffer> {
    for await (const chunk of bytes) {
      sum.update(chunk);
      yield chunk;
    }
    checkSum(expected, sum.digest());
  }
  return { bytes: read(), checksums: () => ({ [name]: expected }) };
}

async function* limited(
  bytes: AsyncIterable<Buffer>,
  range: { least: number; most: number } | undefined
): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (range !== undefined && size > range.most) {
      throw new StoreError('EntityTooLarge');
    }
    yield chunk;
  }
  if (range !== undefined && size < range.least) {
    throw new StoreError('EntityTooSmall');
  }
}

/**
 * Holds every field against the policy's conditions; a field that no condition speaks of is refused.
 *
 * @returns the size that the file may have
 * @throws StoreError InvalidPolicyDocument, AccessDenied
 */
function checkFormPolicy(
  encoded: string,
  bucket: string,
  fields: ReadonlyMap<string, string>
): { least: number; most: number } | undefined {
  let document: { expiration?: unknown; conditions?: unknown };
  try {
    document = JSON.parse(Buffer.from(encoded, 'base64').toString()) as typeof document;
  } catch {
    throw new StoreError('InvalidPolicyDocument', 'The policy of the form is not valid JSON in base64.');
  }
  const said = document?.expiration;
  const expires = typeof said === 'string' && ISO_TIME.test(said) ? Date.parse(said) : NaN;
  if (Number.isNaN(expires) || !Array.isArray(document.conditions)) {
    throw new StoreError('InvalidPolicyDocument', 'The policy of the form needs expiration and conditions.');
  }
  if (expires < Date.now()) {
    throw new StoreError('AccessDenied', 'Invalid according to Policy: Policy expired.');
  }
  const fail = (condition: unknown): never => {
    throw new StoreError(
      'AccessDenied',
      `Invalid according to Policy: Policy Condition failed: ${JSON.stringify(condition)}`
    );
  };
  const spoken = new Set(['policy', 'x-amz-signature', 'awsaccesskeyid', 'signature', 'file']);
  const value = (name: string): string => (name === 'bucket' ? bucket : (fields.get(name) ?? ''));
  let range: { least: number; most: number } | undefined;
  for (const condition of document.conditions as unknown[]) {
    if (Array.isArray(condition) && condition[0] === 'content-length-range') {
      range = { least: Number(condition[1]), most: Number(condition[2]) };
      if (condition.length !== 3 || !(range.least >= 0 && range.most >= range.least)) {
        throw new StoreError('InvalidPolicyDocument', 'content-length-range needs a smallest and a largest size.');
      }
      continue;
    }
    if (Array.isArray(condition) ? condition.length !== 3 : Object.keys(condition ?? {}).length === 0) {
      throw new StoreError('InvalidPolicyDocument', 'A condition of the form says nothing.');
    }
    const rules: [string, string, string][] = Array.isArray(condition)
      ? [[String(condition[0]).toLowerCase(), String(condition[1]).replace(/^\$/, ''), String(condition[2])]]
      : Object.entries((condition ?? {}) as object).map(([name, expected]) => ['eq', name, String(expected)]);
    for (const [operator, rawName, expected] of rules) {
      const name = rawName.toLowerCase();
      spoken.add(name);
      const actual = value(name);
      const holds = operator === 'eq' ? actual === expected : operator === 'starts-with' && actual.startsWith(expected);
      if (!holds) {
        fail(condition);
      }
    }
  }
  for (const name of fields.keys()) {
    if (!spoken.has(name) && !name.startsWith('x-ignore-')) {
      throw new StoreError('AccessDenied', `Invalid according to Policy: Extra input fields: ${name}`);
    }
  }
  return range;
}

/** Reads the fields, then the file, without ever holding more of it than one piece. */
class FormReader {
  constructor(source: AsyncIterable<Buffer>, boundary: string) {
    this._source = source[Symbol.asyncIterator]();
    this._mark = Buffer.from(`\r\n--${boundary}`);
  }

  async fields(): Promise<{ fields: Map<string, string>; fileName: string; fileType: string }> {
    const fields = new Map<string, string>();
    let left = MAX_FIELDS;
    // The first boundary has no line end before it.
    this._rest = Buffer.from(LINE_END);
    await this._until(this._mark, 1024);
    for (;;) {
      const end = await this._take(2);
      if (end.toString('latin1') !== '\r\n') {
        throw new StoreError('InvalidArgument', 'The form has no file.');
      }
      const head = (await this._until(HEAD_END, 8 * 1024)).toString('utf8');
      const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(head)?.[1] ?? '';
      const name = (parameter(disposition, 'name') ?? '').toLowerCase();
      if (name === '') {
        throw new StoreError('MalformedPOSTRequest');
      }
      if (name === 'file') {
        const fileName = (parameter(disposition, 'filename') ?? '').replace(/^.*[/\\]/, '');
        return { fields, fileName, fileType: /^content-type:\s*(.+?)\s*$/im.exec(head)?.[1] ?? '' };
      }
      const value = await this._until(this._mark, left);
      left -= value.length + head.length;
      if (left <= 0 || fields.size >= MAX_FIELD_COUNT) {
        throw new StoreError('MalformedPOSTRequest', 'The fields of the form are too large.');
      }
      fields.set(name, value.toString('utf8'));
    }
  }

  async *file(): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this._rest.indexOf(this._mark);
      if (at >= 0) {
        if (at > 0) {
          yield this._rest.subarray(0, at);
        }
        break;
      }
      // The last bytes may be the beginning of the boundary.
      const safe = this._rest.length - this._mark.length;
      if (safe > 0) {
        yield this._rest.subarray(0, safe);
        this._rest = this._rest.subarray(safe);
      }
      await this._more();
    }
    // What follows the file counts for nothing; read it, so that the connection lives on.
    while ((await this._source.next()).done !== true) {
      continue;
    }
  }

  private async _take(length: number): Promise<Buffer> {
    while (this._rest.length < length) {
      await this._more();
    }
    const taken = this._rest.subarray(0, length);
    this._rest = this._rest.subarray(length);
    return taken;
  }

  private async _until(mark: Buffer, most: number): Promise<Buffer> {
    for (;;) {
      const at = this._rest.indexOf(mark);
      if (at >= 0) {
        const taken = this._rest.subarray(0, at);
        this._rest = this._rest.subarray(at + mark.length);
        return taken;
      }
      if (this._rest.length > most + mark.length) {
        throw new StoreError('MalformedPOSTRequest', 'The fields of the form are too large.');
      }
      await this._more();
    }
  }

  private async _more(): Promise<void> {
    const { value, done } = await this._source.next();
    if (done === true) {
      throw new StoreError('IncompleteBody');
    }
    this._rest = this._rest.length === 0 ? value : Buffer.concat([this._rest, value]);
  }

  private readonly _source: AsyncIterator<Buffer>;
  private readonly _mark: Buffer;
  private _rest: Buffer = EMPTY;
}

/** `name="value"`; browsers write `%22` for a quote inside. */
function parameter(text: string, name: string): string | undefined {
  const match = new RegExp(`(?:^|;)\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]+))`, 'i').exec(text);
  return match === null ? undefined : (match[1] ?? match[2]).replace(/\\(.)/g, '$1').replaceAll('%22', '"');
}
