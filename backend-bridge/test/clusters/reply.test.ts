import { zipSync } from 'fflate';
import { namedAfter, textOf } from '../../src/clusters/invoke';
import { readFacts } from '../../src/clusters/job-facts';
import { readReply } from '../../src/clusters/reply';
import { uniqueName } from '../../src/clusters/submissions';

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const base64 = (bytes: Uint8Array | string): Buffer => Buffer.from(Buffer.from(bytes).toString('base64') + '\n');

describe('a synchronous answer', () => {
  it('is a picture when it is base64 of one', () => {
    expect(readReply(base64(PNG))).toEqual({ files: [{ name: 'output.png', mediaType: 'image/png', data: PNG }] });
  });

  it.each([
    ['{"a": 1}', 'application/json', 'output.json'],
    ['some text of a file', 'text/plain', 'output.txt']
  ])('is a file when it is base64 of %s', (content, mediaType, name) => {
    expect(readReply(base64(content)).files).toEqual([{ name, mediaType, data: Buffer.from(content) }]);
  });

  it('is several files when it is a zip, whose names stay where they belong', () => {
    const zip = zipSync({
      'a/b.txt': Buffer.from('b'),
      '../../etc/passwd': Buffer.from('evil'),
      '/root.txt': Buffer.from('r'),
      'dir/': new Uint8Array()
    });
    const names = readReply(base64(zip)).files.map(file => file.name);
    expect(names.sort()).toEqual(['a/b.txt', 'etc/passwd', 'root.txt']);
  });

  it.each(['done', 'hello world\n', '12345678', 'deadbeefdeadbeefdeadbeefdeadbeef', 'abcd', '', 'Zeile eins\nzwei'])(
    'is text when it is only %p',
    text => {
      expect(readReply(Buffer.from(text))).toEqual({ text, files: [] });
    }
  );

  it('does not confuse the words of the supervisor with the answer', () => {
    const noise = '2026-06-11 10:00:00,123 - supervisor - INFO - Reading storage configuration\n';
    expect(readReply(Buffer.concat([Buffer.from(noise), base64(PNG), Buffer.from(noise)])).files[0].mediaType).toBe(
      'image/png'
    );
    expect(readReply(Buffer.from(`${noise}hi\nOSCAR-EXIT: 4\n`))).toMatchObject({ exitCode: 4, files: [] });
    expect(readReply(Buffer.from(`${noise}hi\nOSCAR-EXIT: 4\n`)).text?.trim()).toBe('hi');
  });

  it('is itself when it is bytes', () => {
    expect(readReply(PNG).files[0]).toMatchObject({ mediaType: 'image/png', data: PNG });
  });

  it('keeps a broken archive as a file', () => {
    const broken = Buffer.concat([Buffer.from('504b0304', 'hex'), Buffer.alloc(50, 7)]);
    expect(readReply(base64(broken)).files).toHaveLength(1);
  });
});

describe('a log', () => {
  it('tells input, outputs and exit code', () => {
    const log = [
      "2026-06-11 10:00:00,123 - supervisor - INFO - Downloading item from bucket 'b' with key 'in/it's a.txt'",
      'printed',
      'OSCAR-OUTPUT: sub/x.txt',
      'OSCAR-EXIT: 0',
      "2026-06-11 10:00:00,123 - supervisor - INFO - Uploading file 'out/sub/x.txt' to bucket 'b'",
      ''
    ].join('\n');
    expect(readFacts(log)).toMatchObject({
      exitCode: 0,
      names: ['sub/x.txt'],
      uploads: [{ bucket: 'b', key: 'out/sub/x.txt' }],
      input: { bucket: 'b', key: "in/it's a.txt" },
      printed: expect.stringMatching(/^printed\s*$/) as unknown
    });
  });
});

describe('unique names', () => {
  it.each([
    ['page.png', 'page-T.png'],
    ['a.tar.gz', 'a-T.tar.gz'],
    ['README', 'README-T'],
    ['.bashrc', '.bashrc-T'],
    ['dir/x.y', 'x-T.y'],
    ['', 'input-T']
  ])('%s becomes %s', (name, unique) => {
    expect(uniqueName(name, 'T')).toBe(unique);
  });
});

describe('the files of a call', () => {
  const own = 'event-file-d65a9e4c-bcd0-4d45-a1c3-6710314d6874';

  it('are named after the input, not after what the supervisor called it', () => {
    const names = (input: string, ...files: string[]): string[] =>
      namedAfter(
        files.map(name => ({ name })),
        input
      ).map(file => file.name);
    expect(names('page.png', `${own}-boxes.png`, `${own}.json`, 'notes.txt')).toEqual([
      'page-boxes.png',
      'page.json',
      'notes.txt'
    ]);
    expect(names('page.jpg', 'output.png')).toEqual(['page.png']);
    expect(names('input', `${own}.json`)).toEqual(['input.json']);
    expect(names('$&.png', `${own}.json`)).toEqual(['$&.json']);
    // Two files must not become one.
    expect(names('page.png', `${own}.json`, 'page.json')).toEqual([`${own}.json`, 'page.json']);
  });

  it('give the text of the result when one of them is the plain text', () => {
    const file = (mediaType: string, text: string): { mediaType: string; data: Buffer } => ({
      mediaType,
      data: Buffer.from(text)
    });
    const picture = { mediaType: 'image/png', data: PNG };
    expect(textOf(undefined, [picture, file('application/json', '{}'), file('text/plain', 'read')])).toEqual({
      text: 'read'
    });
    expect(textOf(undefined, [picture, file('application/json', '{}')])).toEqual({ text: '{}' });
    expect(textOf(undefined, [file('text/plain', 'a'), file('text/plain', 'b')])).toEqual({});
    expect(textOf('printed', [file('text/plain', 'a')])).toEqual({ text: 'printed' });
  });
});
