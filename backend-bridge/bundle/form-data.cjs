/** Stands for the package `form-data` in the bundle: what Node has itself does as well. */
module.exports = globalThis.FormData;
