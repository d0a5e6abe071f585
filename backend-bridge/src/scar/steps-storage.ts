import { parsePath, parseProvider } from '../fdl';
import { arnOf, making, partitionOf, type IAction, type IPlanning } from './action';
import { calling } from './errors';
import { readBucket, type ILiveBucket, type IPolicyStatement } from './live';
import { notificationId, overlapping, sameTriggers, setTriggers, triggersOf } from './notifications';
import { allows, permit } from './permission';
import { sdk } from './sdk';
import type { IFunctionSpec, ITrigger } from './spec';
import { tagList } from './tags';

/** The buckets that a function needs, with the folders in them. Those of other accounts are nobody's to make. */
export function bucketsOf(spec: IFunctionSpec): Map<string, { folders: Set<string>; triggers: ITrigger[] }> {
  const buckets = new Map<string, { folders: Set<string>; triggers: ITrigger[] }>();
  const of = (name: string): { folders: Set<string>; triggers: ITrigger[] } => {
    const entry = buckets.get(name) ?? { folders: new Set<string>(), triggers: [] };
    buckets.set(name, entry);
    return entry;
  };
  for (const trigger of spec.triggers) {
    const entry = of(trigger.bucket);
    entry.triggers.push(trigger);
    if (trigger.prefix !== '') {
      entry.folders.add(trigger.prefix);
    }
  }
  for (const output of spec.outputs) {
    const { type, id } = parseProvider(output.provider);
    if (type === 's3' && id === 'default') {
      const { bucket, prefix } = parsePath(output.provider, output.path);
      const entry = of(bucket);
      if (prefix !== '') {
        entry.folders.add(`${prefix}/`);
      }
    }
  }
  return buckets;
}

/** Reads the buckets; what is wrong with them is a problem before anything is made. */
export async function readBuckets(planning: IPlanning): Promise<Map<string, ILiveBucket>> {
  const { target, spec, identity, problem } = planning;
  const arn = arnOf(identity, spec.region, spec.name);
  const found = new Map<string, ILiveBucket>();
  await Promise.all(
    [...bucketsOf(spec)].map(async ([bucket, { triggers }]) => {
      const live = await readBucket(target, spec.region, bucket, true);
      found.set(bucket, live);
      if (live.state === 'other') {
        problem(
          'aws-bucket-taken',
          'lambda/input',
          `The bucket ${bucket} belongs to somebody else, or you may not see it: names of buckets are unique in the world. Choose another name.`
        );
      } else if (live.state === 'own' && triggers.length > 0 && live.region !== spec.region) {
        problem(
          'aws-bucket-region',
          'lambda/input',
          `The bucket ${bucket} is in ${live.region} and the function in ${spec.region}: a bucket starts functions of its own region only. Write region: ${live.region} in lambda, or use another bucket.`
        );
      }
      for (const trigger of triggers) {
        const other = live.notifications && overlapping(live.notifications, trigger, arn);
        if (other) {
          problem(
            'aws-overlapping-trigger',
            'lambda/input',
            `${other} listens to ${bucket}/${trigger.prefix} already, and S3 allows one for a folder. Use another folder, or remove its trigger.`
          );
        }
      }
    })
  );
  return found;
}

/** Buckets and the markers of their folders. */
export async function bucketSteps(planning: IPlanning, live: Map<string, ILiveBucket>): Promise<IAction[]> {
  const { target, spec } = planning;
  const actions: IAction[] = [];
  for (const [bucket, { folders }] of bucketsOf(spec)) {
    const exists = live.get(bucket)?.state === 'own';
    const region = live.get(bucket)?.region ?? spec.region;
    actions.push(exists ? { step: { action: 'keep', kind: 'bucket', name: bucket } } : createBucket(planning, bucket));
    for (const folder of folders) {
      const there = exists && (await hasFolder(planning, region, bucket, folder));
      actions.push(
        there
          ? { step: { action: 'keep', kind: 'folder', name: `${bucket}/${folder}` } }
          : {
              step: { action: 'create', kind: 'folder', name: `${bucket}/${folder}` },
              run: async run => {
                run.signal?.throwIfAborted();
                run.journal.begin({ kind: 'folder', region, bucket, name: folder });
                await calling(`make the folder "${bucket}/${folder}"`, () =>
                  target.clients.s3(region).send(
                    new (sdk.s3().PutObjectCommand)({
                      Bucket: bucket,
                      Key: folder,
                      Body: '',
                      ContentType: 'application/x-directory'
                    })
                  )
                );
              }
            }
      );
    }
  }
  return actions;
}

function createBucket({ target, spec }: IPlanning, bucket: string): IAction {
  return {
    step: { action: 'create', kind: 'bucket', name: bucket, reason: `In ${spec.region}` },
    run: async run => {
      const client = target.clients.s3(spec.region);
      await calling(`create the bucket "${bucket}"`, () =>
        making(
          run,
          { kind: 'bucket', region: spec.region, name: bucket },
          () =>
            client.send(
              new (sdk.s3().CreateBucketCommand)({
                Bucket: bucket,
                ...(spec.region === 'us-east-1'
                  ? {}
                  : { CreateBucketConfiguration: { LocationConstraint: spec.region as never } })
              })
            ),
          async () => (await readBucket(target, spec.region, bucket, false)).state === 'own'
        )
      );
      await calling(`tag the bucket "${bucket}"`, () =>
        client.send(new (sdk.s3().PutBucketTaggingCommand)({ Bucket: bucket, Tagging: { TagSet: tagList(run.tags) } }))
      );
    }
  };
}

async function hasFolder(planning: IPlanning, region: string, bucket: string, folder: string): Promise<boolean> {
  const answer = await calling(`look at "${bucket}/${folder}"`, () =>
    planning.target.clients
      .s3(region)
      .send(new (sdk.s3().ListObjectsV2Command)({ Bucket: bucket, Prefix: folder, MaxKeys: 1 }))
  );
  return (answer.Contents ?? []).length > 0;
}

/** Id of the statement that lets a bucket start the function. */
function statementId(bucket: string): string {
  return `scar-s3-${bucket.replace(/[^A-Za-z0-9_-]/g, '_')}`;
}

/** The permission and the notification; the last things that are made, so that no event comes too early. */
export function triggerSteps(
  planning: IPlanning,
  live: Map<string, ILiveBucket>,
  policy: IPolicyStatement[]
): IAction[] {
  const { target, spec, identity } = planning;
  const arn = arnOf(identity, spec.region, spec.name);
  const actions: IAction[] = [];
  for (const [bucket, { triggers }] of bucketsOf(spec)) {
    const notifications = live.get(bucket)?.notifications;
    const now = notifications ? triggersOf(notifications, bucket, arn) : [];
    const source = `arn:${partitionOf(identity)}:s3:::${bucket}`;
    const allowed = policy.some(statement => allows(statement, 's3.amazonaws.com', source));
    if (triggers.length > 0 && !allowed) {
      actions.push({
        step: { action: 'create', kind: 'permission', name: `${bucket} → ${spec.name}` },
        run: async run => {
          await permit(planning, run, statementId(bucket), `let the bucket "${bucket}" start "${spec.name}"`, {
            Action: 'lambda:InvokeFunction',
            Principal: 's3.amazonaws.com',
            SourceArn: source,
            SourceAccount: identity.account
          });
        }
      });
    }
    if (sameTriggers(now, triggers)) {
      if (triggers.length > 0) {
        actions.push({ step: { action: 'keep', kind: 'trigger', name: shown(bucket, triggers) } });
      }
      continue;
    }
    actions.push({
      step: {
        action: triggers.length > 0 ? 'link' : 'delete',
        kind: 'trigger',
        name: shown(bucket, triggers.length > 0 ? triggers : now),
        ...(now.length > 0 ? { reason: `Now: ${shown(bucket, now)}` } : {})
      },
      run: async run => {
        const made = {
          kind: 'notification' as const,
          region: spec.region,
          bucket,
          arn,
          name: notificationId(spec.name)
        };
        if (now.length > 0) {
          run.revert(`the triggers of "${spec.name}"`, () =>
            setTriggers(target, { region: spec.region, bucket, name: spec.name, arn, triggers: now })
          );
        } else {
          run.signal?.throwIfAborted();
          run.journal.begin(made);
        }
        await setTriggers(target, { region: spec.region, bucket, name: spec.name, arn, triggers });
      }
    });
  }
  return actions;
}

/** Triggers in buckets that the function does not name any more. */
export async function droppedTriggers(planning: IPlanning, before: ITrigger[]): Promise<IAction[]> {
  const { target, spec, identity } = planning;
  const arn = arnOf(identity, spec.region, spec.name);
  const wanted = bucketsOf(spec);
  const dropped = [...new Set(before.map(trigger => trigger.bucket))].filter(bucket => !wanted.has(bucket));
  const actions: IAction[] = [];
  for (const bucket of dropped) {
    const { notifications } = await readBucket(target, spec.region, bucket, true);
    const now = notifications ? triggersOf(notifications, bucket, arn) : [];
    if (now.length > 0) {
      actions.push({
        step: { action: 'delete', kind: 'trigger', name: shown(bucket, now) },
        run: async run => {
          run.revert(`the triggers of "${spec.name}"`, () =>
            setTriggers(target, { region: spec.region, bucket, name: spec.name, arn, triggers: now })
          );
          await setTriggers(target, { region: spec.region, bucket, name: spec.name, arn, triggers: [] });
        }
      });
    }
  }
  return actions;
}

function shown(bucket: string, triggers: readonly ITrigger[]): string {
  return triggers.map(({ prefix, suffix }) => `${bucket}/${prefix}${suffix === '' ? '' : `*${suffix}`}`).join(', ');
}
