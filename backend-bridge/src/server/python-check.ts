import { spawn } from 'node:child_process';

/** Reads code from stdin; says where it is no Python. Nothing of it is run. */
const CHECK = `
import json, sys
text = sys.stdin.buffer.read().decode("utf-8", "replace")
try:
    compile(text, "cell", "exec", dont_inherit=True)
except SyntaxError as error:
    print(json.dumps({"line": error.lineno or 1, "message": error.msg}))
except ValueError as error:
    print(json.dumps({"line": 1, "message": str(error)}))
`;

const PATIENCE = 20_000;

/**
 * What the Python of the Jupyter environment says to code; undefined when it is Python, or when there is no Python to ask: then the job tells.
 */
export function checkPython(python: string, text: string): Promise<{ line: number; message: string } | undefined> {
  return new Promise(resolve => {
    const child = spawn(python, ['-I', '-W', 'ignore', '-c', CHECK], {
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: PATIENCE
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', () => resolve(undefined));
    child.stdin.once('error', () => undefined);
    child.once('close', () => {
      const answer = Buffer.concat(chunks).toString('utf8').trim();
      resolve(answer === '' ? undefined : (JSON.parse(answer) as { line: number; message: string }));
    });
    child.stdin.end(text);
  });
}
