import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import type { MainAreaWidget } from '@jupyterlab/apputils';
import { Dialog, InputDialog, Notification, showDialog, WidgetTracker } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import { copyIcon, deleteIcon, listIcon, runIcon, stopIcon } from '@jupyterlab/ui-components';
import type { Widget } from '@lumino/widgets';

import { ARGS, CommandIDs } from '../commands';
import { scarIcon } from '../icons';
import { scarModelOf } from '../scar/model';
import type { IFunctionTab } from '../scar/tabs';
import { isTab, TabChoice } from '../scar/tabs';
import { curlLine, PIP_LINE } from '../scar/words';
import type { IOscarModel, IOscarSettings } from '../tokens';
import { IOscarModelToken, IOscarSettingsToken } from '../tokens';
import { addToMain, fileChooser, guarded, hit, loadTrans, makeView } from './util';

interface IFunctionArgs {
  function?: string;
  tab?: string;
  request?: string;
  focus?: boolean;
}

/** Commands and views of functions on AWS and of jobs of Batch. */
export const scarFunctionsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:scar-functions',
  description: 'Open, invoke, follow and delete functions on AWS, and jobs of AWS Batch.',
  autoStart: true,
  requires: [IOscarModelToken, IOscarSettingsToken, IRenderMimeRegistry],
  optional: [ITranslator, ILayoutRestorer, IDefaultFileBrowser],
  activate: (
    app: JupyterFrontEnd,
    model: IOscarModel,
    settings: () => IOscarSettings,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    browser: IDefaultFileBrowser | null
  ): void => {
    const trans = loadTrans(translator);
    const { commands } = app;
    const { aws } = model.client;
    const scar = scarModelOf(model);
    const chooseFiles = fileChooser(browser, translator);
    const view = makeView({ app, model, settings, trans, rendermime, chooseFiles });
    const functions = new WidgetTracker<MainAreaWidget>({ namespace: 'oscar-function' });
    const jobs = new WidgetTracker<MainAreaWidget>({ namespace: 'oscar-batch-job' });
    const choices = new Map<string, TabChoice>();
    const names = new WeakMap<MainAreaWidget, string>();

    /** The function of the arguments, of the context menu, of the view in front, or of the user's choice. */
    async function resolve(args: IFunctionArgs): Promise<string | undefined> {
      const known = args.function ?? hit(app, 'oscarFunction', args.focus)?.oscarFunction;
      const front = functions.currentWidget;
      const shown = front && front === app.shell.currentWidget ? names.get(front) : undefined;
      if (known ?? shown) {
        return known ?? shown;
      }
      await scar.start();
      const items = scar.state.functions.items.map(item => item.name);
      if (items.length === 0) {
        await showDialog({
          title: trans.__('No functions'),
          body:
            scar.state.context?.state === 'ready'
              ? trans.__('Deploy an FDL file with functions for AWS first.')
              : trans.__(
                  'There is no access to AWS. The SCAR panel says what is missing. To try without: %1',
                  PIP_LINE
                ),
          buttons: [Dialog.okButton()]
        });
        return undefined;
      }
      const result = await InputDialog.getItem({ title: trans.__('Which function?'), items });
      return result.button.accept && result.value ? result.value : undefined;
    }

    /** Put a view into the main area, or find it there. */
    async function show(
      tracker: WidgetTracker<MainAreaWidget>,
      options: { id: string; name: string; label: string; create: () => Promise<Widget> }
    ): Promise<MainAreaWidget> {
      const { id, name, label, create } = options;
      let widget = tracker.find(item => item.id === id);
      if (!widget) {
        widget = addToMain(app, await create(), { id, label, caption: `SCAR: ${label}`, icon: scarIcon });
        names.set(widget, name);
        await tracker.add(widget);
      }
      app.shell.activateById(id);
      return widget;
    }

    async function open(args: IFunctionArgs): Promise<MainAreaWidget | undefined> {
      const name = await guarded(trans, () => resolve(args));
      if (name === undefined) {
        return undefined;
      }
      let choice = choices.get(name);
      if (!choice) {
        choice = new TabChoice();
        choices.set(name, choice);
      }
      if (isTab(args.tab)) {
        choice.set(args.tab);
      }
      if (args.request !== undefined) {
        choice.request(args.request);
      }
      const shown = choice;
      return show(functions, {
        id: `jp-oscar-function-${name}`,
        name,
        label: name,
        create: async () => (await import('../scar/mainarea')).createFunctionWidget(view, name, shown)
      });
    }

    /** Register a command that opens the view of a function, on a tab of its own or on that of the arguments. */
    function addOpen(id: string, options: { label: string; caption: string; icon: LabIcon; tab?: IFunctionTab }): void {
      const { tab, ...shown } = options;
      commands.addCommand(id, {
        ...shown,
        describedBy: { args: ARGS.function },
        execute: args => open({ ...(args as IFunctionArgs), ...(tab && { tab }) })
      });
    }

    addOpen(CommandIDs.openFunction, {
      label: trans.__('Open function'),
      caption: trans.__('See what a function is made of, invoke it, see its figures and log'),
      icon: scarIcon
    });
    addOpen(CommandIDs.invokeFunction, {
      label: trans.__('Invoke function…'),
      caption: trans.__('Call a function with a file, JSON, text or a script'),
      icon: runIcon,
      tab: 'run'
    });
    addOpen(CommandIDs.functionLog, {
      label: trans.__('Log of function'),
      caption: trans.__('Follow the log of a function, of all calls or of one'),
      icon: listIcon,
      tab: 'log'
    });

    commands.addCommand(CommandIDs.processObjects, {
      label: trans.__('Process existing files…'),
      caption: trans.__('Call a function for each file that is in its bucket already'),
      describedBy: { args: ARGS.function },
      execute: args =>
        guarded(trans, async () => {
          const name = await resolve(args as IFunctionArgs);
          if (name === undefined) {
            return;
          }
          const item = scar.function(name) ?? (await aws.function(name));
          if (item.triggers.length === 0) {
            Notification.info(trans.__('%1 is started by no bucket: there are no files to process.', name));
            return;
          }
          const { ProcessForm } = await import('../scar/forms');
          const result = await showDialog({
            title: trans.__('Process existing files with %1', name),
            body: new ProcessForm(item, trans),
            buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Process') })]
          });
          if (result.button.accept && result.value) {
            model.keepOperation(await aws.process(name, result.value));
            await commands.execute(CommandIDs.showScarPanel);
          }
        })
    });

    commands.addCommand(CommandIDs.deleteFunction, {
      label: trans.__('Delete function…'),
      caption: trans.__('See what goes and what stays, then delete a function'),
      icon: deleteIcon,
      describedBy: { args: ARGS.function },
      execute: args =>
        guarded(trans, async () => {
          const name = await resolve(args as IFunctionArgs);
          if (name === undefined) {
            return;
          }
          const preview = await aws.deletion(name);
          const { FunctionDeleteForm } = await import('../scar/forms');
          const result = await showDialog({
            title: trans.__('Delete %1?', name),
            body: new FunctionDeleteForm(preview, trans),
            buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Delete') })],
            defaultButton: 0
          });
          if (result.button.accept) {
            model.keepOperation(await aws.remove(name));
            functions.find(widget => names.get(widget) === name)?.dispose();
            await commands.execute(CommandIDs.showScarPanel);
          }
        })
    });

    commands.addCommand(CommandIDs.copyCurl, {
      label: trans.__('Copy curl line'),
      caption: trans.__('Copy a line for a terminal that calls a function over HTTP'),
      icon: copyIcon,
      describedBy: { args: ARGS.api },
      execute: async args => {
        const known = (args.endpoint as string | undefined) ?? hit(app, 'oscarEndpoint')?.oscarEndpoint;
        const name = known ? undefined : await guarded(trans, () => resolve(args as IFunctionArgs));
        const endpoint = known ?? scar.function(name ?? '')?.api?.endpoint;
        if (endpoint) {
          await navigator.clipboard?.writeText(curlLine(endpoint));
          Notification.info(trans.__('Copied. Put a file for input.bin.'), { autoClose: 3000 });
        }
      }
    });

    /** The job of Batch of the arguments or of the context menu. */
    function batchOf(args: { job?: string }): string | undefined {
      return args.job ?? hit(app, 'oscarBatch')?.oscarBatch;
    }

    commands.addCommand(CommandIDs.openBatchJob, {
      label: trans.__('Open Batch job'),
      caption: trans.__('See how a job of AWS Batch is, and its log'),
      icon: scarIcon,
      describedBy: { args: ARGS.batch },
      execute: async args => {
        const id = batchOf(args);
        if (id === undefined) {
          return;
        }
        // Jobs have the name of their function: the beginning of the id tells their tabs apart.
        const job = scar.state.jobs.items.find(item => item.id === id);
        const label = job ? `${job.name} ${id.slice(0, 8)}` : id;
        return show(jobs, {
          id: `jp-oscar-batch-${id}`,
          name: id,
          label,
          create: async () => (await import('../scar/mainarea')).createBatchWidget(view, id)
        });
      }
    });

    commands.addCommand(CommandIDs.cancelBatchJob, {
      label: trans.__('Cancel Batch job'),
      caption: trans.__('Stop a job of AWS Batch'),
      icon: stopIcon,
      describedBy: { args: ARGS.batch },
      execute: async args => {
        const id = batchOf(args);
        const job = id === undefined ? undefined : await guarded(trans, () => aws.cancelBatchJob(id));
        if (job) {
          scar.keepJob(job);
        }
      }
    });

    model.operationEnded.connect((_: unknown, operation) => {
      // What a deploy or a delete changed comes as events; buckets and jobs have none.
      if (operation.kind.startsWith('aws-') && scar.state.phase === 'ready') {
        void scar.loadJobs();
      }
    });

    if (restorer) {
      void restorer.restore(functions, {
        command: CommandIDs.openFunction,
        args: widget => ({ function: names.get(widget) ?? '' }),
        name: widget => widget.id
      });
      void restorer.restore(jobs, {
        command: CommandIDs.openBatchJob,
        args: widget => ({ job: names.get(widget) ?? '' }),
        name: widget => widget.id
      });
    }
  }
};
