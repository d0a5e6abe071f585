import * as React from 'react';

import { CommandIDs } from '../../commands';
import { useRun, useView } from '../../oscar/components/context';
import { Button, StateIcon } from '../../oscar/components/parts';
import { useInfrastructures } from '../hooks';
import { tokenLine } from '../words';

/** Who the user is for the Infrastructure Manager, until when, and how that is changed. */
export function TokenLine(): JSX.Element | null {
  const { trans } = useView();
  const [, { token, server }] = useInfrastructures();
  const run = useRun();
  const [now, setNow] = React.useState(Date.now);
  React.useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 60_000);
    return () => clearInterval(timer);
  }, []);
  if (!token || (token.state === 'none' && server?.authentication === 'password')) {
    return null;
  }
  const line = tokenLine(token, now, trans);
  const tone = token.state === 'valid' ? 'ok' : token.state === 'none' ? 'off' : 'warn';
  return (
    <div className="jp-OscarToken">
      <StateIcon tone={tone} label={line} />
      <span className="jp-OscarToken-text" title={[line, token.issuer, ...token.vos].filter(Boolean).join('\n')}>
        {line}
        {token.vos.length > 0 && <small>{trans.__('VOs: %1', token.vos.join(', '))}</small>}
      </span>
      <Button onClick={() => run(CommandIDs.pasteToken)}>{trans.__('Paste a token')}</Button>
    </div>
  );
}
