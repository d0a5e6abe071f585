import { copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Infrastructure } from '../../contract';
import { useAction } from '../../oscar/components/answer';
import { useView } from '../../oscar/components/context';
import { Button, IconButton, ProblemBox } from '../../oscar/components/parts';

/** What an infrastructure gives: addresses to open, and the way to sign in, on request. */
export function Outputs(props: { item: Infrastructure }): JSX.Element | null {
  const { item } = props;
  const { trans } = useView();
  if (item.outputs.length === 0) {
    return null;
  }
  const links = item.outputs.filter(output => output.kind === 'url' && isWeb(output.value));
  const texts = item.outputs.filter(output => !links.includes(output));
  return (
    <section aria-label={trans.__('Outputs')}>
      <h3 className="jp-OscarSubhead">{trans.__('Outputs')}</h3>
      {links.length > 0 && (
        <div className="jp-OscarButtons">
          {links.map(output => (
            <a
              key={output.name}
              className="jp-OscarButton"
              href={output.value}
              target="_blank"
              rel="noopener noreferrer"
              title={output.value}
            >
              {trans.__('Open %1', nameOf(output.name))}
            </a>
          ))}
        </div>
      )}
      {texts.length > 0 && (
        <dl className="jp-OscarFacts">
          {texts.map(output => (
            <React.Fragment key={output.name}>
              <dt>{nameOf(output.name)}</dt>
              <dd>{output.value}</dd>
            </React.Fragment>
          ))}
        </dl>
      )}
      {item.oscar && <SignIn id={item.id} />}
    </section>
  );
}

/** User and password of its OSCAR: fetched when they are asked for, forgotten with the view. */
function SignIn(props: { id: string }): JSX.Element {
  const { id } = props;
  const { model, trans } = useView();
  const { busy, value, problem, run, clear } = useAction<{ user: string; password: string }>();
  return (
    <>
      {problem && <ProblemBox problem={problem} />}
      {value ? (
        <dl className="jp-OscarFacts">
          <dt>{trans.__('User')}</dt>
          <dd>{value.user}</dd>
          <dt>{trans.__('Password')}</dt>
          <dd className="jp-OscarSecret">
            <code>{'•'.repeat(10)}</code>
            <IconButton
              icon={copyIcon}
              label={trans.__('Copy the password')}
              onClick={() => void navigator.clipboard?.writeText(value.password)}
            />
            <Button onClick={clear}>{trans.__('Forget')}</Button>
          </dd>
        </dl>
      ) : (
        <div className="jp-OscarButtons">
          <Button disabled={busy} onClick={() => run(() => model.client.infrastructures.secrets(id))}>
            {trans.__('Get user and password')}
          </Button>
        </div>
      )}
    </>
  );
}

/** Only web pages are opened: what a template names an address may be anything. */
function isWeb(value: string): boolean {
  try {
    return ['http:', 'https:'].includes(new URL(value).protocol);
  } catch {
    return false;
  }
}

/** Words of templates that are names of products. */
const NAMES: Record<string, string> = { oscarui: 'OSCAR', oscar: 'OSCAR', minio: 'MinIO', nifi: 'NiFi' };

/** `local_console_minio_endpoint` → `console MinIO`. */
function nameOf(name: string): string {
  return name
    .replace(/_(endpoint|url)$/, '')
    .replace(/^local_/, '')
    .split('_')
    .map(word => NAMES[word] ?? word)
    .join(' ');
}
