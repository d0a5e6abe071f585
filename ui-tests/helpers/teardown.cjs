const fs = require('node:fs');

/** Remove the folders of the server that all tests share. */
module.exports = () => {
  const folder = process.env.OSCAR_UI_FOLDER;
  if (folder) {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
};
