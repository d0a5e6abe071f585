import { addSecret, redact, redactText } from '../../src/http';

const HEX = '0123456789abcdef'.repeat(4);

describe('the redactor', () => {
  it.each([
    ['Authorization: Basic dXNlcjpwYXNzd29yZA==', 'dXNlcjpwYXNzd29yZA'],
    ['{"authorization":"Bearer abcdefgh12345678"}', 'abcdefgh12345678'],
    ['curl -H "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20200101/x, Signature=ffff"', 'AKIA'],
    [`token is ${HEX}.`, HEX],
    ['eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl', 'eyJzdWIiOiJ4In0'],
    ['http://h/b/k?X-Amz-Credential=AK%2F1&X-Amz-Signature=deadbeef&x=1', 'deadbeef'],
    ['https://user:hunter22@host/path', 'hunter22'],
    ['{"secret_key": "abc\\"def", "x": 1}', 'def'],
    ['auth_password: hunter22', 'hunter22'],
    ['GET /exposed/?token=hunter2222&a=b', 'hunter2222'],
    ['token: plainword', 'plainword'],
    ['  - token: plainword\n', 'plainword'],
    ['with the token: hunter22', 'hunter22'],
    ['with the token=plainword', 'plainword'],
    ["use token: 'plainword'", 'plainword']
  ])('takes the secret out of %s', (text, secret) => {
    expect(redactText(text)).not.toContain(secret);
  });

  it('leaves ordinary text alone', () => {
    for (const text of [
      'a basic idea of the bearer of news',
      `image@sha256:${HEX}`,
      'max_tokens: 5 of 10',
      'https://host/path?x=1',
      'cpu: 1.0',
      'The cluster refused the token: expired.',
      'invalid token: missing audience'
    ]) {
      expect(redactText(text)).toBe(text);
    }
  });

  it('knows values that were registered, in every form', () => {
    addSecret('s3cr3t/v@lue');
    const text = [
      's3cr3t/v@lue',
      encodeURIComponent('s3cr3t/v@lue'),
      Buffer.from('s3cr3t/v@lue').toString('base64')
    ].join(' and ');
    expect(redactText(text)).toBe('[redacted] and [redacted] and [redacted]');
    expect(redactText('Error: s3cr3t/v@lues')).toBe('Error: [redacted]s');
  });

  it('blanks fields by their name, at any depth', () => {
    const shown = redact({
      token: HEX,
      environment: { variables: { A: 'b' }, secrets: { KEY: 'v', EMPTY: '' } },
      list: [{ password: 'p' }],
      storage_providers: { minio: { default: { secret_key: 'hidden' } } },
      n: 5,
      no: null
    });
    expect(shown).toEqual({
      token: '[redacted]',
      environment: { variables: { A: 'b' }, secrets: { KEY: '[redacted]', EMPTY: '[redacted]' } },
      list: [{ password: '[redacted]' }],
      storage_providers: { minio: { default: { secret_key: 'hidden' } } },
      n: 5,
      no: null
    });
  });
});
