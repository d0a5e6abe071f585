import { UUID } from '@lumino/coreutils';
import * as React from 'react';

import type { Infrastructure } from '../../contract';
import { useAnswer } from '../../oscar/components/answer';
import { useView } from '../../oscar/components/context';
import { Button } from '../../oscar/components/parts';
import { faults, initialValues } from '../form';
import { useInfrastructures } from '../hooks';
import { CloudStep } from './CloudStep';
import { PlanStep } from './PlanStep';
import { ServicesStep } from './ServicesStep';
import { SizeStep } from './SizeStep';
import type { IDraft, WizardStep } from './state';
import { newDraft, sourceOf, STEPS } from './state';
import { TemplateStep } from './TemplateStep';

export interface IStepProps {
  draft: IDraft;
  onChange: (change: Partial<IDraft>) => void;
}

/** The way to a new cluster: template, cloud, size, services, and what that would make. */
export function Wizard(props: { onDone: (created: Infrastructure) => void }): JSX.Element {
  const { model, trans } = useView();
  const [list, { server }] = useInfrastructures();
  const [draft, setDraft] = React.useState(() => newDraft(UUID.uuid4()));
  const [step, setStep] = React.useState<WizardStep>('template');
  const [told, setTold] = React.useState(false);
  const head = React.useRef<HTMLHeadingElement>(null);
  const change = React.useCallback((part: Partial<IDraft>) => setDraft(before => ({ ...before, ...part })), []);

  React.useEffect(() => {
    void list.start();
  }, [list]);

  // The form of the chosen template is read ahead of its step.
  const source = JSON.stringify(sourceOf(draft) ?? null);
  const addons = draft.addons.join('\n');
  const read = React.useCallback(async () => {
    const from = JSON.parse(source) as ReturnType<typeof sourceOf> | null;
    if (!from) {
      return undefined;
    }
    const form = await model.client.infrastructures.form(from, addons === '' ? [] : addons.split('\n'));
    const fields = (form.tabs ?? []).flatMap(tab => tab.fields);
    setDraft(before => ({
      ...before,
      template: form,
      fields,
      // What was typed stays when an add-on brings more fields.
      values: { ...initialValues(fields), ...keep(before, fields) }
    }));
    return form;
  }, [model, source, addons]);
  const form = useAnswer(read);

  const wrong = draft.fields ? faults(draft.fields, draft.values, trans) : {};
  const missing: Record<WizardStep, string | undefined> = {
    template: source === 'null' ? trans.__('Choose a template.') : undefined,
    cloud:
      server?.state === 'unset'
        ? trans.__('Set the address of the Infrastructure Manager first.')
        : draft.credential === undefined
          ? trans.__('Choose the cloud that it is made on.')
          : undefined,
    size:
      draft.name.trim() === ''
        ? trans.__('Give it a name.')
        : draft.fields === undefined
          ? trans.__('The form is not there yet.')
          : Object.keys(wrong).length > 0
            ? trans._n('%1 field has to be mended.', '%1 fields have to be mended.', Object.keys(wrong).length)
            : undefined,
    services: undefined,
    plan: undefined
  };
  const words: Record<WizardStep, string> = {
    template: trans.__('Template'),
    cloud: trans.__('Cloud'),
    size: trans.__('Size'),
    services: trans.__('Services'),
    plan: trans.__('Plan')
  };
  const index = STEPS.indexOf(step);
  const go = (to: number): void => {
    setTold(false);
    setStep(STEPS[to]);
    head.current?.focus();
  };
  const next = (): void => {
    if (missing[step] === undefined) {
      go(index + 1);
    } else {
      setTold(true);
    }
  };
  const reachable = (to: number): boolean => STEPS.slice(0, to).every(each => missing[each] === undefined);

  return (
    <div className="jp-OscarServiceView jp-OscarWizard">
      <h2 ref={head} tabIndex={-1}>
        {trans.__('New cluster')}
      </h2>
      <ol className="jp-OscarWizard-steps" aria-label={trans.__('Steps')}>
        {STEPS.map((each, place) => (
          <li key={each} aria-current={each === step ? 'step' : undefined}>
            <button type="button" disabled={place > index && !reachable(place)} onClick={() => go(place)}>
              <span className="jp-OscarWizard-number" aria-hidden="true">
                {place + 1}
              </span>
              {words[each]}
            </button>
          </li>
        ))}
      </ol>
      <section aria-label={words[step]} className="jp-OscarWizard-body">
        {step === 'template' && <TemplateStep draft={draft} onChange={change} problem={form.problem} />}
        {step === 'cloud' && <CloudStep draft={draft} onChange={change} />}
        {step === 'size' && (
          <SizeStep
            draft={draft}
            onChange={change}
            form={draft.fields && form.value}
            problem={form.problem}
            faults={wrong}
            told={told}
          />
        )}
        {step === 'services' && <ServicesStep draft={draft} onChange={change} />}
        {step === 'plan' && <PlanStep draft={draft} onDone={props.onDone} />}
      </section>
      {step !== 'plan' && told && missing[step] !== undefined && (
        <p className="jp-OscarWarning" role="alert">
          {missing[step]}
        </p>
      )}
      <div className="jp-OscarButtons">
        {index > 0 && <Button onClick={() => go(index - 1)}>{trans.__('Back')}</Button>}
        {step !== 'plan' && (
          <Button accept onClick={next}>
            {trans.__('Next')}
          </Button>
        )}
      </div>
    </div>
  );
}

function keep(before: IDraft, fields: readonly { name: string }[]): Record<string, string | boolean> {
  const untouched = initialValues(before.fields ?? []);
  return Object.fromEntries(
    Object.entries(before.values).filter(
      ([name, value]) => untouched[name] !== value && fields.some(field => field.name === name)
    )
  );
}
