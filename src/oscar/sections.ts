import { PanelWithToolbar, type SidePanel } from '@jupyterlab/ui-components';
import { MessageLoop } from '@lumino/messaging';
import { AccordionPanel, Widget } from '@lumino/widgets';

/** A section of a side panel. */
export function section(title: string, body: Widget, className?: string): PanelWithToolbar {
  const panel = new PanelWithToolbar();
  panel.title.label = title;
  panel.toolbar.node.setAttribute('aria-label', title);
  panel.addClass('jp-OscarSection');
  if (className) {
    panel.addClass(className);
  }
  panel.addWidget(body);
  return panel;
}

/**
 * Share the room of a side panel among its sections.
 *
 * @param options.folded number of the section that begins folded: the accordion's own `collapse` would take its sizes before there
 * are any, so it has to be hidden before it is added
 * @returns to be called when that section is shown: the accordion would open it with no height
 */
export function shareRoom(panel: SidePanel, options: { sizes: number[]; folded: number }): () => void {
  const { content } = panel;
  const { sizes, folded } = options;
  if (!(content instanceof AccordionPanel)) {
    return () => undefined;
  }
  content.setRelativeSizes(sizes.map((size, index) => (index === folded ? 0 : size)));
  // What is above the sections grows when it has more to say: the accordion learns of no such change by itself.
  if (typeof ResizeObserver !== 'undefined') {
    const observer = new ResizeObserver(() => {
      if (content.isVisible) {
        MessageLoop.postMessage(content, Widget.ResizeMessage.UnknownSize);
      }
    });
    observer.observe(content.node);
    panel.disposed.connect(() => observer.disconnect());
  }
  let first = true;
  return () => {
    if (first) {
      first = false;
      content.setRelativeSizes(sizes);
    }
  };
}
