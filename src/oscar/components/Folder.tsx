import {
  caretDownIcon,
  caretRightIcon,
  downloadIcon,
  fileIcon,
  folderIcon,
  launchIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';

import { toProblem } from '../../bridge/errors';
import type { ObjectCalls } from '../../bridge/objects';
import type { ObjectPage, Problem } from '../../contract';
import { bytesText } from '../words';
import { useView } from './context';
import { IconButton, ProblemBox, Skeleton } from './parts';

/** Where objects are listed and read. Its identity begins a new list. */
export type IObjectSource = Pick<ObjectCalls, 'objects' | 'url'>;

interface IFolderProps {
  source: IObjectSource;
  bucket: string;
  /** Empty: the bucket itself; else with a slash at the end. */
  prefix: string;
  depth: number;
  /** Opens the bucket in a file browser. */
  onOpen?: () => void;
}

/** A bucket or a folder in it. It is listed when it is unfolded, page by page. */
export function Folder(props: IFolderProps): JSX.Element {
  const { source, bucket, prefix, depth, onOpen } = props;
  const { trans } = useView();
  const [open, setOpen] = React.useState(false);
  const [page, setPage] = React.useState<ObjectPage | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const name = prefix === '' ? bucket : lastPart(prefix);
  const indent = { paddingInlineStart: `${depth * 12}px` };

  const read = React.useCallback(
    async (next?: string): Promise<void> => {
      setProblem(null);
      try {
        const more = await source.objects(bucket, { prefix, page: next });
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
    [source, bucket, prefix]
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
        {onOpen && (
          <IconButton icon={launchIcon} label={trans.__('Open %1 in a file browser', name)} onClick={onOpen} />
        )}
      </div>
      {open && problem && <ProblemBox problem={problem} />}
      {open && !problem && page === null && <Skeleton label={trans.__('Loading…')} rows={1} />}
      {open && page && (
        <ul className="jp-OscarList">
          {page.prefixes.map(item => (
            <Folder key={item} source={source} bucket={bucket} prefix={item} depth={depth + 1} />
          ))}
          {page.items
            .filter(item => item.key !== prefix)
            .map(item => (
              <li key={item.key} className="jp-OscarRow" style={{ paddingInlineStart: `${(depth + 1) * 12}px` }}>
                <a
                  className="jp-OscarRow-main jp-mod-folder"
                  href={source.url(bucket, item.key)}
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
