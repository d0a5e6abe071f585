/** Files as people write them: comments everywhere, both kinds of lists, flow style, quotes, Windows line breaks, AWS only. */
export const PLAIN = `# Two services in a row.
functions:
  oscar:
  # the first
  - local: # on this laptop
      name: grey # makes it grey
      image: ghcr.io/grycap/imagemagick
      script: grey.sh
      cpu: '0.5'
      # what starts it
      input:
      - storage_provider: minio.default
        path: grey/in # drop here
      output:
      # what comes out
      - storage_provider: minio.default
        path: grey/out
        suffix: ['.png']
  # the second
  - local:
      name: read
      image: "ghcr.io/grycap/tesseract"
      script: read.sh
      input:
      - storage_provider: minio
        path: grey/out
      output:
      - {storage_provider: minio.default, path: read/out}
# the end
`;

export const DEEP = `functions:
  oscar:
    - edge:
        input:
          - storage_provider: minio.default
            path: filter/in
        name: filter
        script: |
          #!/bin/sh
          # not a comment of the file
          cat

        image: 'busybox'

    - cloud:
        name: ocr   # reads
        image: ocr
        script: ocr.sh
        mount:
          storage_provider: minio.default
          path: models
        federation:
          group_id: ocr
          topology: star
          members:
            - {type: oscar, cluster_id: edge, service_name: filter, priority: 0}

clusters:
  # near the camera
  edge:
    endpoint: https://edge.example.org
    ssl_verify: true
  cloud: {endpoint: 'https://cloud.example.org'}
storage_providers:
  s3:
    mine: {access_key: '', secret_key: '', region: us-east-1}
`;

export const FLOW = `functions: {oscar: [{local: {name: a, image: x, script: s.sh, input: [{storage_provider: minio, path: a/in}]}}]}
`;

export const AWS = `functions:
  aws:
  - lambda:
      name: scar-split   # splits
      init_script: split.sh
      container:
        image: grycap/ffmpeg
      input:
      - storage_provider: s3
        path: scar-video/in
      output:
      - storage_provider: s3.mine
        path: scar-video/out
    batch:
      vcpus: 2
  - lambda: {name: detect, init_script: d.sh, container: {image: y}, input: [{storage_provider: s3, path: scar-video/out}], output: []}
`;

export const HYBRID = `---
# both halves
functions:
  aws:
  - lambda:
      name: detect
      container: {image: yolo}
      init_script: d.sh
      input:
      - {storage_provider: s3, path: mask/intermediate}
  oscar:
  - on-premises:
      name: blur
      image: blurry
      script: blur.sh
      input: [{storage_provider: minio, path: blur/in}]
      output:
        - storage_provider: minio
          path: blur/out

        - storage_provider: s3.mine     # the bridge
          path: mask/intermediate
`;

export const SAMPLES: readonly (readonly [string, string])[] = [
  ['plain', PLAIN],
  ['indented lists', DEEP],
  ['flow style', FLOW],
  ['AWS only', AWS],
  ['both', HYBRID],
  ['Windows line breaks', PLAIN.replace(/\n/g, '\r\n')],
  ['no line break at the end', PLAIN.trimEnd().replace(/\n# the end$/, '')],
  ['empty', ''],
  ['only a comment', '# nothing yet'],
  ['empty list', 'functions:\n  oscar: [] # none yet\n'],
  ['null', 'functions:\n  oscar:\n  # to be written\nclusters:\n']
];
