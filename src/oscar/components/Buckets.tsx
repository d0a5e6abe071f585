import { caretDownIcon, caretRightIcon, downloadIcon, fileIcon, folderIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { toProblem } from '../../bridge/errors';
import { CommandIDs } from '../../commands';
import type { ObjectPage, Problem } from '../../contract';
import { currentCluster } from '../state';
import { bytesText } from '../words';
import { useOscar, useRun, useView } from './context';
import { Button, onRowKeys, ProblemBox, Skeleton } from './parts';

/** Buckets of the current cluster, and how much the local one keeps on disk. */
export function Buckets(): JSX.Element | null {
  const { model, trans } = useView();
  const state = useOscar();
  const run = useRun();
  const cluster = currentCluster(state)?.id;
  const { buckets, data, phase } = state;

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
          <Folder key={`${cluster}/${bucket.name}`} cluster={cluster} bucket={bucket.name} prefix="" depth={0} />
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

interface IFolderProps {
  cluster: string;
  bucket: string;
  /** Empty: the bucket itself; else with a slash at the end. */
  prefix: string;
  depth: number;
}

/** A bucket or a folder in it. It is listed when it is unfolded, page by page. */
function Folder(props: IFolderProps): JSX.Element {
  const { cluster, bucket, prefix, depth } = props;
  const { model, trans } = useView();
  const [open, setOpen] = React.useState(false);
  const [page, setPage] = React.useState<ObjectPage | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const name = prefix === '' ? bucket : lastPart(prefix);
  const indent = { paddingInlineStart: `${depth * 12}px` };

  const read = React.useCallback(
    async (next?: string): Promise<void> => {
      setProblem(null);
      try {
        const more = await model.client.objects(cluster, bucket, { prefix, page: next });
        setPage(before =>
          before && next !== undefined
            ? {
                items: [...before.items, ...more.items],
                prefixes: [...before.prefixes, ...more.prefixes],
                next: more.next
              }
            : more
        );
      } catch (reason) {
        setProblem(toProblem(reason));
      }
    },
    [model, cluster, bucket, prefix]
  );

  const toggle = (next: boolean): void => {
    setOpen(next);
    if (next) {
      void read();
    }
  };

  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
      event.preventDefault();
      toggle(event.key === 'ArrowRight');
    }
  };

  return (
    <li className="jp-OscarRow-group">
      <div className="jp-OscarRow" style={indent}>
        <button
          type="button"
          className="jp-OscarRow-main jp-mod-folder"
          aria-expanded={open}
          onClick={() => toggle(!open)}
          onKeyDown={onKeyDown}
        >
          {open ? <caretDownIcon.react tag="span" /> : <caretRightIcon.react tag="span" />}
          <folderIcon.react tag="span" />
          <span className="jp-OscarRow-name">{name}</span>
        </button>
      </div>
      {open && problem && <ProblemBox problem={problem} />}
      {open && !problem && page === null && <Skeleton label={trans.__('Loading…')} rows={1} />}
      {open && page && (
        <ul className="jp-OscarList">
          {page.prefixes.map(item => (
            <Folder key={item} cluster={cluster} bucket={bucket} prefix={item} depth={depth + 1} />
          ))}
          {page.items
            .filter(item => item.key !== prefix)
            .map(item => (
              <li key={item.key} className="jp-OscarRow" style={{ paddingInlineStart: `${(depth + 1) * 12}px` }}>
                <a
                  className="jp-OscarRow-main jp-mod-folder"
                  href={model.client.objectUrl(cluster, bucket, item.key)}
                  download={lastPart(item.key)}
                  title={trans.__('Download %1', item.key)}
                >
                  <fileIcon.react tag="span" />
                  <span className="jp-OscarRow-name">{lastPart(item.key)}</span>
                  <span className="jp-OscarRow-meta">{bytesText(item.size)}</span>
                  <downloadIcon.react tag="span" className="jp-OscarRow-hint" />
                </a>
              </li>
            ))}
          {page.next !== undefined && (
            <li>
              <button type="button" className="jp-OscarLink" onClick={() => void read(page.next)}>
                {trans.__('Show more')}
              </button>
            </li>
          )}
          {page.prefixes.length === 0 && page.items.length === 0 && (
            <li className="jp-OscarHint">{trans.__('Empty')}</li>
          )}
        </ul>
      )}
    </li>
  );
}

function lastPart(key: string): string {
  return key.replace(/\/$/, '').split('/').pop() ?? key;
}
