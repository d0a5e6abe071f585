import { LabIcon } from '@jupyterlab/ui-components';

import clusterSvg from '../style/icons/cluster.svg';
import oscarSvg from '../style/icons/oscar.svg';
import pipelineSvg from '../style/icons/pipeline.svg';
import scarSvg from '../style/icons/scar.svg';

/** A function in a cluster's cell: the mark of all OSCAR views. */
export const oscarIcon = new LabIcon({ name: 'jupyterlab-oscar:oscar', svgstr: oscarSvg });

/** Steps that follow one another. */
export const pipelineIcon = new LabIcon({ name: 'jupyterlab-oscar:pipeline', svgstr: pipelineSvg });

/** A function in a cloud: the mark of what runs on AWS. */
export const scarIcon = new LabIcon({ name: 'jupyterlab-oscar:scar', svgstr: scarSvg });

/** Machines, and one more: the mark of clusters on clouds. */
export const clusterIcon = new LabIcon({ name: 'jupyterlab-oscar:cluster', svgstr: clusterSvg });
