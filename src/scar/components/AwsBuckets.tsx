import * as React from 'react';

import { CommandIDs } from '../../commands';
import { useRun, useView } from '../../oscar/components/context';
import { Folder } from '../../oscar/components/Folder';
import { onRowKeys } from '../../oscar/components/parts';
import { useScar } from '../hooks';
import { ScarList } from './ScarList';

/** Buckets of the account, to be unfolded; files are downloaded. With `only`, those of one function. */
export function AwsBuckets(props: { only?: ReadonlyArray<string> }): JSX.Element | null {
  const { model, trans } = useView();
  const [scar, state] = useScar();
  const { context, buckets } = state;
  const run = useRun();
  React.useEffect(() => {
    if (context?.state === 'ready' && buckets.phase === 'none') {
      void scar.loadBuckets();
    }
  }, [scar, context, buckets.phase]);
  const only = props.only;
  const list = React.useMemo(
    () => (only ? { ...buckets, items: buckets.items.filter(bucket => only.includes(bucket.name)) } : buckets),
    [buckets, only]
  );
  return (
    <ScarList
      list={list}
      loading={trans.__('Loading buckets…')}
      empty={<p className="jp-OscarHint">{trans.__('No buckets.')}</p>}
      render={items => (
        <ul className="jp-OscarList" aria-label={trans.__('AWS buckets')} onKeyDown={onRowKeys}>
          {items.map(bucket => (
            <Folder
              key={`${context?.region}/${bucket.name}`}
              source={model.client.aws.storage}
              bucket={bucket.name}
              prefix=""
              depth={0}
              onOpen={() => run(CommandIDs.openBucket, { bucket: bucket.name })}
            />
          ))}
        </ul>
      )}
    />
  );
}
