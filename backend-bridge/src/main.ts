import { addSecret } from './http/redact';
import { startBridge, type IRunningBridge } from './server/bridge';
import { parseHandshake, readFirstLine } from './server/handshake';
import { Log, type ILog } from './server/log';
import { toProblem } from './server/problem';
import { prepareEnvironmentCommand, serveCommand } from './server/start-alone';
import { VERSION } from './server/version';

const USAGE =
  'usage: node bridge.cjs [--version | serve | prepare-environment]   (options come as one line of JSON on stdin)';

/** Asked to end, or idle. */
const EXIT_DONE = 0;
const EXIT_NOT_STARTED = 1;
const EXIT_USAGE = 2;
/** An error that nobody caught: the caller counts it as a crash. */
const EXIT_CRASH = 70;

function writeLog(line: string): void {
  process.stderr.write(line);
}

/** Whoever started us may be gone, and its pipes with it: that is no reason to fall over. */
function ignoreBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') {
        throw error;
      }
    });
  }
}

function failOnUnhandled(log: ILog): void {
  const fail = (error: unknown): void => {
    log.error('Unhandled error, the bridge ends', error);
    process.exit(EXIT_CRASH);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
}

async function bridge(): Promise<void> {
  const log = new Log({ write: writeLog });
  failOnUnhandled(log);
  try {
    const settings = parseHandshake(await readFirstLine(process.stdin));
    addSecret(settings.secret);

    let ending = false;
    const start: { running?: Promise<IRunningBridge> } = {};
    const end = (why: string, bye = false): void => {
      if (ending) {
        return;
      }
      ending = true;
      log.info(`Ending: ${why}`);
      void (async () => {
        // A signal during the start waits for it: nothing is left half open.
        const running = await start.running?.catch(() => undefined);
        await running?.close({ bye });
        process.exit(EXIT_DONE);
      })().catch((error: unknown) => {
        log.error('The end was not orderly', error);
        process.exit(EXIT_CRASH);
      });
    };
    process.on('SIGTERM', () => end('SIGTERM'));
    process.on('SIGINT', () => end('SIGINT'));
    // A detached bridge outlives the terminal that it was started from.
    process.on('SIGHUP', () => (settings.detached === true ? undefined : end('SIGHUP')));
    if (settings.detached === true) {
      process.stdin.destroy();
    } else {
      process.stdin.on('end', () => end('the process that started the bridge is gone'));
      process.stdin.on('error', () => end('the process that started the bridge is gone'));
      process.stdin.resume();
    }

    start.running = startBridge({ settings, log, onIdle: () => end('idle', true) });
    const running = await start.running;
    process.stdout.write(
      `${JSON.stringify({ ready: true, version: VERSION, pid: process.pid, boot: running.boot })}\n`
    );
    log.info(`Bridge ${VERSION} is ready (pid ${process.pid}, Node ${process.version})`);
  } catch (error) {
    const problem = toProblem(error, log);
    process.stdout.write(`${JSON.stringify({ ready: false, problem })}\n`, () => process.exit(EXIT_NOT_STARTED));
  }
}

async function main(argv: string[]): Promise<void> {
  ignoreBrokenPipes();
  const [verb, ...rest] = argv;
  if (rest.length > 0) {
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  switch (verb) {
    case undefined:
      return bridge();
    case '--version':
      process.stdout.write(`${VERSION}\n`);
      return;
    case 'serve':
    case 'prepare-environment': {
      const log = new Log({ write: writeLog });
      failOnUnhandled(log);
      process.exitCode = await (verb === 'serve' ? serveCommand(log) : prepareEnvironmentCommand(log));
      return;
    }
    default:
      process.stderr.write(`${USAGE}\n`);
      process.exitCode = EXIT_USAGE;
  }
}

void main(process.argv.slice(2));
