import { copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIDs } from '../../commands';
import type { ExistingClusterFiles, ExistingClusterRequest } from '../../contract';
import { useAction } from '../../oscar/components/answer';
import { useRun, useView } from '../../oscar/components/context';
import { Button, IconButton, ProblemBox } from '../../oscar/components/parts';

type Way = ExistingClusterRequest['way'];

/** Guides to a cluster where the Infrastructure Manager makes none: files, steps, and at the end its address. */
export function ExistingCluster(props: {
  /** Writes the files into a folder of the file browser; answers it. */
  save: (files: ExistingClusterFiles['files']) => Promise<string>;
}): JSX.Element {
  const { model, trans } = useView();
  const run = useRun();
  const [way, setWay] = React.useState<Way>('k3s');
  const [hosts, setHosts] = React.useState('');
  const [domain, setDomain] = React.useState('');
  const [arm, setArm] = React.useState(false);
  const made = useAction<ExistingClusterFiles>();
  const saved = useAction<string>();
  const ways: [Way, string, string][] = [
    [
      'k3s',
      trans.__('Machines that you have'),
      trans.__('K3s and OSCAR by Ansible: servers, Raspberry Pi, other ARM boards')
    ],
    ['helm', trans.__('A Kubernetes cluster that you have'), trans.__('OSCAR, MinIO and Knative by Helm')],
    ['kind', trans.__('This machine'), trans.__('Kubernetes in Docker by kind: for trying')]
  ];
  const request = (): ExistingClusterRequest => ({
    way,
    ...(way === 'k3s' ? { hosts: hostsOf(hosts) } : {}),
    ...(domain.trim() ? { domain: domain.trim() } : {}),
    architecture: arm ? 'arm64' : 'amd64'
  });
  const choose = (next: Way): void => {
    setWay(next);
    made.clear();
    saved.clear();
  };
  return (
    <div className="jp-OscarServiceView jp-OscarWizard">
      <h2>{trans.__('Add an existing cluster')}</h2>
      <p className="jp-OscarHead-facts">
        {trans.__('Has it got OSCAR already? Then its address, user and password are enough.')}
      </p>
      <div className="jp-OscarButtons">
        <Button accept onClick={() => run(CommandIDs.addCluster)}>
          {trans.__('Connect an OSCAR cluster…')}
        </Button>
      </div>
      <h3 className="jp-OscarSubhead">{trans.__('Otherwise, make files that install it')}</h3>
      <form
        className="jp-OscarCredential"
        aria-label={trans.__('Files that install OSCAR')}
        onSubmit={event => {
          event.preventDefault();
          saved.clear();
          made.run(() => model.client.infrastructures.existing(request()));
        }}
      >
        <div className="jp-OscarOptions" role="radiogroup" aria-label={trans.__('Where it runs')}>
          {ways.map(([id, title, note]) => (
            <label key={id} className="jp-OscarOption">
              <input type="radio" name="oscar-existing-way" checked={way === id} onChange={() => choose(id)} />
              <span className="jp-OscarOption-text">
                <span className="jp-OscarOption-title">{title}</span>
                <small>{note}</small>
              </span>
            </label>
          ))}
        </div>
        <div className="jp-OscarFields">
          {way === 'k3s' && (
            <div className="jp-OscarFields-field">
              <label htmlFor="oscar-existing-hosts">{trans.__('Machines, one on each line; the first leads')}</label>
              <textarea
                id="oscar-existing-hosts"
                rows={3}
                spellCheck={false}
                required
                value={hosts}
                placeholder={trans.__('user@address')}
                onChange={event => setHosts(event.target.value)}
              />
            </div>
          )}
          {way !== 'kind' && (
            <div className="jp-OscarFields-field">
              <label htmlFor="oscar-existing-domain">{trans.__('Host name, if it has one')}</label>
              <input
                id="oscar-existing-domain"
                type="text"
                autoComplete="off"
                spellCheck={false}
                value={domain}
                onChange={event => setDomain(event.target.value)}
              />
            </div>
          )}
          <label className="jp-OscarFields-field jp-mod-check">
            <input type="checkbox" checked={arm} onChange={event => setArm(event.target.checked)} />
            <span>{trans.__('ARM machines (Raspberry Pi and the like)')}</span>
          </label>
        </div>
        <div className="jp-OscarButtons">
          <button type="submit" className="jp-OscarButton" disabled={made.busy}>
            {trans.__('Make the files')}
          </button>
        </div>
      </form>
      {made.problem && <ProblemBox problem={made.problem} />}
      {made.value && (
        <>
          <section aria-label={trans.__('What to do')}>
            <h3 className="jp-OscarSubhead">{trans.__('What to do')}</h3>
            <ol className="jp-OscarGuide">
              {made.value.steps.map(step => (
                <li key={step}>{step}</li>
              ))}
              <li>{trans.__('Or connect it with the button on top.')}</li>
            </ol>
          </section>
          <div className="jp-OscarButtons">
            <Button
              accept
              disabled={saved.busy}
              onClick={() => {
                const files = made.value?.files ?? [];
                saved.run(() => props.save(files));
              }}
            >
              {trans.__('Save the files here')}
            </Button>
            {saved.value !== undefined && (
              <span className="jp-OscarInvoke-file" role="status">
                {trans.__('Saved in %1', saved.value)}
              </span>
            )}
          </div>
          {saved.problem && <ProblemBox problem={saved.problem} />}
          {made.value.files.map(file => (
            <article key={file.name} className="jp-OscarFile" aria-label={file.name}>
              <header className="jp-OscarFile-bar">
                <span className="jp-OscarFile-name">{file.name}</span>
                <span className="jp-OscarFile-size" />
                <IconButton
                  icon={copyIcon}
                  label={trans.__('Copy %1', file.name)}
                  onClick={() => void navigator.clipboard?.writeText(file.text)}
                />
              </header>
              <pre className="jp-OscarResult-text">{file.text}</pre>
            </article>
          ))}
        </>
      )}
    </div>
  );
}

/** `user@address` lines. */
export function hostsOf(text: string): { address: string; user?: string }[] {
  return text
    .split(/[\n,]/)
    .map(line => line.trim())
    .filter(Boolean)
    .map(line => {
      const at = line.lastIndexOf('@');
      return at > 0 ? { user: line.slice(0, at), address: line.slice(at + 1) } : { address: line };
    });
}
