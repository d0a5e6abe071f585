/** An empty account of AWS for each test, played by moto behind a proxy. */
import { sdk } from '../../src/scar/sdk';
import { Moto, Proxy, pushImage, REGION, Room, setEnvironment } from './support';

export const SCRIPT = '#!/bin/sh\necho hello\n';

/** What a test finds. */
export class Account {
  moto!: Moto;
  /** Passes everything on until a test says otherwise; counts the calls of the test only. */
  proxy!: Proxy;
  room!: Room;

  /** One of somebody else, in the region of the tests. */
  async makeBucket(name: string): Promise<void> {
    await this.moto
      .clients()
      .s3()
      .send(
        new (sdk.s3().CreateBucketCommand)({
          Bucket: name,
          CreateBucketConfiguration: { LocationConstraint: REGION as never }
        })
      );
  }
}

/**
 * Has all tests of the block it is called in begin with nothing but roles, a prepared image and a script.
 *
 * @param prepare - before the room is opened
 */
export function useAccount(prepare?: (account: Account) => Promise<void>): Account {
  const account = new Account();
  let restore: () => void;

  beforeAll(async () => {
    account.moto = await Moto.start();
    account.proxy = await Proxy.start(account.moto.endpoint);
  }, 100_000);
  afterAll(async () => {
    await account.proxy?.stop();
    await account.moto?.stop();
  });
  beforeEach(async () => {
    restore = setEnvironment();
    account.proxy.fate = () => 'pass';
    await account.moto.reset();
    await pushImage(account.moto.clients());
    await prepare?.(account);
    account.room = await Room.at(account.proxy.endpoint);
    account.room.file('script.sh', SCRIPT);
    account.proxy.calls.length = 0;
  });
  afterEach(async () => {
    await account.room.close();
    restore();
  });
  return account;
}

/** Codes of the errors of a plan. */
export function errors(plan: { problems: { severity: string; code: string; message: string }[] }): string[] {
  return plan.problems.filter(problem => problem.severity === 'error').map(problem => problem.code);
}
