import { closeIcon, editIcon, fileIcon, listIcon, settingsIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

const text = (name: string): string => `var(--jp-${name})`;

/**
 * Every colour of the canvas as a variable of JupyterLab's theme: what is left out would be a grey of Elyra's dark theme.
 */
export const theme = {
  palette: {
    focus: text('brand-color1'),
    border: text('border-color1'),
    divider: text('border-color2'),
    hover: text('layout-color2'),
    active: text('layout-color3'),
    tabBorder: text('brand-color1'),
    inputBorder: text('border-color1'),
    sash: text('brand-color1'),
    primary: { main: text('brand-color1'), hover: text('brand-color2'), contrastText: text('ui-inverse-font-color0') },
    secondary: { main: text('layout-color2'), contrastText: text('ui-font-color1') },
    error: { main: text('error-color1'), contrastText: text('ui-inverse-font-color0') },
    errorMessage: {
      main: text('layout-color1'),
      contrastText: text('ui-font-color1'),
      errorBorder: text('error-color1')
    },
    text: {
      icon: text('ui-font-color2'),
      primary: text('ui-font-color1'),
      secondary: text('ui-font-color1'),
      bold: text('ui-font-color0'),
      inactive: text('ui-font-color2'),
      disabled: text('ui-font-color3'),
      link: text('ui-font-color2'),
      error: text('error-color1')
    },
    background: { default: text('layout-color0'), secondary: text('layout-color1'), input: text('input-background') },
    highlight: { border: text('border-color1'), hover: text('layout-color2'), focus: text('layout-color3') }
  },
  shape: { borderRadius: text('border-radius') },
  typography: {
    fontFamily: text('ui-font-family'),
    fontWeight: 'normal',
    fontSize: text('ui-font-size1')
  },
  overrides: {
    closeIcon: React.createElement(closeIcon.react, { tag: 'span' }),
    editIcon: React.createElement(editIcon.react, { tag: 'span' }),
    folderIcon: React.createElement(fileIcon.react, { tag: 'span' }),
    pipelineIcon: React.createElement(listIcon.react, { tag: 'span' }),
    propertiesIcon: React.createElement(settingsIcon.react, { tag: 'span' })
  }
};
