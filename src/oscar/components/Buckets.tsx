import * as React from 'react';

import { CommandIDs } from '../../commands';
import { currentCluster } from '../state';
import { bytesText } from '../words';
import { useOscar, useRun, useView } from './context';
import { Folder } from './Folder';
import { Button, onRowKeys, ProblemBox, Skeleton } from './parts';

/** Buckets of the current cluster, and how much the local one keeps on disk. */
export function Buckets(): JSX.Element | null {
  const { model, trans } = useView();
  const state = useOscar();
  const run = useRun();
  const cluster = currentCluster(state)?.id;
  const { buckets, data, phase } = state;

  const source = React.useMemo(() => model.client.storage(cluster ?? ''), [model, cluster]);

  React.useEffect(() => {
    if (phase === 'ready' && cluster !== undefined && buckets.phase === 'none') {
      void model.loadBuckets();
    }
  }, [model, phase, cluster, buckets.phase]);

  if (cluster === undefined || (phase === 'failed' && buckets.items.length === 0)) {
    return null;
  }
  let body: JSX.Element;
  if (buckets.phase === 'failed' && buckets.problem) {
    body = (
      <ProblemBox problem={buckets.problem}>
        <Button onClick={() => void model.loadBuckets()}>{trans.__('Try again')}</Button>
      </ProblemBox>
    );
  } else if (buckets.items.length > 0) {
    body = (
      <ul className="jp-OscarList" aria-label={trans.__('Buckets')} onKeyDown={onRowKeys}>
        {buckets.items.map(bucket => (
          <Folder
            key={`${cluster}/${bucket.name}`}
            source={source}
            bucket={bucket.name}
            prefix=""
            depth={0}
            onOpen={() => run(CommandIDs.openBucket, { cluster, bucket: bucket.name })}
          />
        ))}
      </ul>
    );
  } else if (buckets.phase === 'ready') {
    body = <p className="jp-OscarHint">{trans.__('No buckets. A service makes its own when it is deployed.')}</p>;
  } else {
    body = <Skeleton label={trans.__('Loading buckets…')} rows={2} />;
  }
  return (
    <>
      {body}
      {data && (
        <div className="jp-OscarData">
          <span title={data.path}>{trans.__('Local data: %1', bytesText(data.total))}</span>
          <Button disabled={data.parts.every(part => part.clearable === 0)} onClick={() => run(CommandIDs.clearData)}>
            {trans.__('Clear…')}
          </Button>
        </div>
      )}
    </>
  );
}
