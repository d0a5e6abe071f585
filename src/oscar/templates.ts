/** A service that works as it is: it gives back its input in capitals. `NAME` stands for the name. */
export const NEW_FDL = `# A service of OSCAR. Right-click this file and choose "Deploy to cluster".
functions:
  oscar:
  - local:
      name: NAME
      image: python:3.12-slim
      cpu: '0.5'
      memory: 256Mi
      script: script.sh
      input:
      - storage_provider: minio.default
        path: NAME/input
      output:
      - storage_provider: minio.default
        path: NAME/output
      annotations:
        jupyterlab-oscar/runtime: process
`;

export const NEW_SCRIPT = `#!/bin/sh
# INPUT_FILE_PATH is the file that came in; what is written to TMP_OUTPUT_DIR is the result.
set -e
name=$(basename "$INPUT_FILE_PATH")
echo "Working on $name"
tr '[:lower:]' '[:upper:]' < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/\${name%.*}.txt"
`;
