import { copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIDs } from '../../commands';
import type { AwsApi } from '../../contract';
import { useRun, useView } from '../../oscar/components/context';
import { IconButton, onRowKeys, StateIcon } from '../../oscar/components/parts';
import { useScar } from '../hooks';
import { ScarList } from './ScarList';

/** HTTP addresses of functions, with a warning on those that anybody can call. */
export function Apis(): JSX.Element | null {
  const { trans } = useView();
  const [, state] = useScar();
  return (
    <ScarList
      list={state.apis}
      loading={trans.__('Loading APIs…')}
      empty={<p className="jp-OscarHint">{trans.__('No APIs. A function gets one by api_gateway in its FDL.')}</p>}
      render={items => (
        <ul className="jp-OscarList" aria-label={trans.__('APIs')} onKeyDown={onRowKeys}>
          {items.map(api => (
            <ApiRow key={`${api.kind} ${api.id}`} api={api} />
          ))}
        </ul>
      )}
    />
  );
}

function ApiRow(props: { api: AwsApi }): JSX.Element {
  const { api } = props;
  const { trans } = useView();
  const run = useRun();
  const word = api.open
    ? trans.__('Open: anybody who knows the address can call it')
    : trans.__('Calls need a signature');
  return (
    <li className="jp-OscarRow jp-OscarApi" data-oscar-endpoint={api.endpoint} data-oscar-open={String(api.open)}>
      <StateIcon tone={api.open ? 'warn' : 'ok'} label={word} />
      <button
        type="button"
        className="jp-OscarRow-main"
        title={[api.name, api.endpoint, word].join('\n')}
        onClick={() => run(CommandIDs.openFunction, { function: api.function ?? api.name })}
        disabled={api.function === undefined}
      >
        <span className="jp-OscarRow-name">{api.name}</span>
        <span className="jp-OscarRow-meta">{api.kind === 'url' ? trans.__('function URL') : trans.__('REST API')}</span>
        <span className="jp-OscarRow-note">{api.open ? trans.__('open to anybody') : api.endpoint}</span>
      </button>
      <span className="jp-OscarRow-actions">
        <IconButton
          icon={copyIcon}
          label={trans.__('Copy a curl line for %1', api.name)}
          onClick={() => run(CommandIDs.copyCurl, { endpoint: api.endpoint })}
        />
      </span>
    </li>
  );
}
