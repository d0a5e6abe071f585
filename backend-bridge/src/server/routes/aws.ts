import type { BridgeApp } from '../app';
import type { IServerContext } from '../context';
import { awsAccountRoutes } from './aws-account';
import { awsBatchRoutes } from './aws-batch';
import { awsBucketRoutes } from './aws-buckets';
import { awsContextRoutes } from './aws-context';
import { awsFunctionRoutes } from './aws-functions';

/** SCAR: container functions on AWS. */
export function awsRoutes(app: BridgeApp, context: IServerContext): void {
  awsContextRoutes(app, context);
  awsFunctionRoutes(app, context);
  awsBatchRoutes(app, context);
  awsAccountRoutes(app, context);
  awsBucketRoutes(app, context);
}
