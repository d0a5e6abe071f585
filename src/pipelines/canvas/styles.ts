/**
 * Keeps the styles of @elyra/canvas and @elyra/pipeline-editor to our canvases. Import it before them.
 *
 * #### Notes
 * Both write rules for the whole page. Beside Elyra's own extension the later rules win in both editors, which made Elyra's canvas white
 * in a dark theme and its toolbar useless. In a scope they end at our canvas, and being nearer they win there against Elyra's.
 */

const SCOPE = '@scope (.jp-OscarPipeline-host)';

/** Tooltips hang below `body`, outside of the scope. */
const TOOLTIP = /[^{}]*\.common-canvas-tooltip[^{}]*\{[^{}]*\}/g;

const stylesOf = (root: ParentNode): HTMLStyleElement[] => [...root.querySelectorAll('style')];

const before = new Set(stylesOf(document));

/** Elyra's extension has styled the tooltips. */
const isElyraThere = [...before].some(style => style.textContent?.includes('.common-canvas-tooltip'));

/** Confine what the packages wrote while they were loaded, which is done at once: no other extension can come between. */
export function confineStyles(): void {
  for (const style of stylesOf(document).filter(style => !before.has(style))) {
    style.textContent = confined(style.textContent);
  }
}

/** Where styled-components shall write, which is no part of the page; what it writes is copied into the page within the scope. */
export function createStyleTarget(): HTMLElement {
  const target = document.createElement('div');
  const copy = document.head.appendChild(document.createElement('style'));
  // Before the browser paints.
  new MutationObserver(() => {
    copy.textContent = confined(target.textContent);
  }).observe(target, { childList: true, subtree: true, characterData: true });
  return target;
}

function confined(css: string | null): string {
  const text = css ?? '';
  const tooltips = isElyraThere ? '' : (text.match(TOOLTIP) ?? []).join('\n');
  return `${SCOPE} {\n${text.replace(TOOLTIP, '')}\n}\n${tooltips}`;
}
