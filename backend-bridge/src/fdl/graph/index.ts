/** FDL as a picture, and the picture's changes as edits of the text: pure functions. */
export * from './types';
export { graphOf, placeNode, clusterNode, AWS_NODE } from './read';
export { editGraph } from './edit';
