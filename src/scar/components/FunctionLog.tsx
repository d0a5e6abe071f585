import * as React from 'react';

import { useView } from '../../oscar/components/context';
import type { IFollowedLog } from '../../oscar/components/LogPane';
import { LogPane } from '../../oscar/components/LogPane';
import { Button } from '../../oscar/components/parts';
import { useSeen } from '../../oscar/visible';
import { JobLogFollower } from '../../jobs/joblog';

/** The log of a function as it grows, of all calls or of one. It is read while it can be seen. */
export function FunctionLog(props: { name: string; request?: string }): JSX.Element {
  const { name } = props;
  const { model, trans } = useView();
  const [typed, setTyped] = React.useState(props.request ?? '');
  const [request, setRequest] = React.useState(props.request ?? '');
  const seen = useSeen();
  const open = React.useCallback(
    (limit: number): IFollowedLog =>
      new JobLogFollower({
        read: signal => model.client.aws.log(name, { request: request || undefined, follow: true, signal }),
        limit
      }),
    [model, name, request]
  );
  return (
    <>
      <form
        className="jp-OscarLogFilter"
        onSubmit={event => {
          event.preventDefault();
          setRequest(typed.trim());
        }}
      >
        <label>
          {trans.__('Request id')}
          <input
            type="text"
            value={typed}
            spellCheck={false}
            placeholder={trans.__('all requests')}
            onChange={event => setTyped(event.target.value)}
          />
        </label>
        <button type="submit" className="jp-OscarButton">
          {trans.__('Show')}
        </button>
        {request !== '' && (
          <Button
            onClick={() => {
              setTyped('');
              setRequest('');
            }}
          >
            {trans.__('All requests')}
          </Button>
        )}
      </form>
      {seen && (
        <LogPane cluster="" service={name} open={open} download={model.client.aws.logUrl(name, request || undefined)} />
      )}
    </>
  );
}
