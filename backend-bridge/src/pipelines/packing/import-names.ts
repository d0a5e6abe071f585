/**
 * Names of packages by the name that is imported, where they differ. Several: the first is what is written, any of them will do when
 * requirements are given. Dotted keys are namespaces that several packages share.
 */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  Bio: ['biopython'],
  Crypto: ['pycryptodome', 'pycrypto'],
  Cryptodome: ['pycryptodomex'],
  Cython: ['Cython'],
  IPython: ['ipython'],
  Levenshtein: ['Levenshtein', 'python-Levenshtein'],
  MySQLdb: ['mysqlclient'],
  OpenSSL: ['pyOpenSSL'],
  PIL: ['pillow', 'pillow-simd'],
  PyPDF2: ['PyPDF2'],
  'azure.identity': ['azure-identity'],
  'azure.storage.blob': ['azure-storage-blob'],
  astropy: ['astropy'],
  attr: ['attrs'],
  attrs: ['attrs'],
  bs4: ['beautifulsoup4'],
  cartopy: ['Cartopy'],
  charset_normalizer: ['charset-normalizer'],
  cv2: ['opencv-python-headless', 'opencv-python', 'opencv-contrib-python', 'opencv-contrib-python-headless'],
  dateutil: ['python-dateutil'],
  dns: ['dnspython'],
  docx: ['python-docx'],
  dotenv: ['python-dotenv'],
  faiss: ['faiss-cpu', 'faiss-gpu'],
  fitz: ['PyMuPDF'],
  flask_cors: ['Flask-Cors'],
  git: ['GitPython'],
  gi: ['PyGObject'],
  'google.auth': ['google-auth'],
  'google.cloud.bigquery': ['google-cloud-bigquery'],
  'google.cloud.storage': ['google-cloud-storage'],
  'google.protobuf': ['protobuf'],
  googleapiclient: ['google-api-python-client'],
  grpc: ['grpcio'],
  igraph: ['igraph'],
  imblearn: ['imbalanced-learn'],
  jose: ['python-jose'],
  jupyterlab_oscar: ['jupyterlab-oscar'],
  jwt: ['PyJWT'],
  kafka: ['kafka-python'],
  ldap: ['python-ldap'],
  lightgbm: ['lightgbm'],
  lxml: ['lxml'],
  magic: ['python-magic'],
  markdown: ['Markdown'],
  memcache: ['python-memcached'],
  'mpl_toolkits.basemap': ['basemap'],
  mpl_toolkits: ['matplotlib'],
  msgpack: ['msgpack'],
  nacl: ['PyNaCl'],
  netCDF4: ['netCDF4'],
  obspy: ['obspy'],
  onnxruntime: ['onnxruntime', 'onnxruntime-gpu'],
  osgeo: ['GDAL'],
  paho: ['paho-mqtt'],
  pil: ['pillow'],
  pkg_resources: ['setuptools'],
  pptx: ['python-pptx'],
  psycopg2: ['psycopg2-binary', 'psycopg2'],
  pydub: ['pydub'],
  pylab: ['matplotlib'],
  pythoncom: ['pywin32'],
  pytz: ['pytz'],
  pywt: ['PyWavelets'],
  ruamel: ['ruamel.yaml'],
  sentence_transformers: ['sentence-transformers'],
  serial: ['pyserial'],
  setuptools: ['setuptools'],
  shapefile: ['pyshp'],
  silero_vad: ['silero-vad'],
  skimage: ['scikit-image'],
  sklearn: ['scikit-learn'],
  slugify: ['python-slugify'],
  snappy: ['python-snappy'],
  socks: ['PySocks'],
  soundfile: ['soundfile'],
  telegram: ['python-telegram-bot'],
  tensorflow: ['tensorflow', 'tensorflow-cpu'],
  tlz: ['toolz'],
  umap: ['umap-learn'],
  usb: ['pyusb'],
  win32api: ['pywin32'],
  wx: ['wxPython'],
  xarray: ['xarray'],
  xdg: ['pyxdg'],
  yaml: ['PyYAML'],
  zmq: ['pyzmq']
};

/** What comes with Python 3.10 to 3.13. Source: sys.stdlib_module_names; private ones begin with `_` anyway. */
const STANDARD = new Set(
  (
    'abc aifc antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii binhex bisect builtins bz2 ' +
    'cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys compileall concurrent configparser contextlib ' +
    'contextvars copy copyreg crypt csv ctypes curses dataclasses datetime dbm decimal difflib dis distutils doctest email encodings ' +
    'ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass gettext ' +
    'glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib imghdr imp importlib inspect io ipaddress itertools json ' +
    'keyword lib2to3 linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap modulefinder msilib msvcrt ' +
    'multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode operator optparse os ossaudiodev pathlib pdb pickle ' +
    'pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc ' +
    'pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy sched secrets select selectors shelve ' +
    'shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3 sre_compile sre_constants sre_parse ssl stat ' +
    'statistics string stringprep struct subprocess sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios ' +
    'textwrap this threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types ' +
    'typing unicodedata unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc ' +
    'zipapp zipfile zipimport zlib zoneinfo'
  ).split(' ')
);

/** Whether a module comes with Python. */
export function isStandard(module: string): boolean {
  const [top] = module.split('.');
  return top.startsWith('_') || STANDARD.has(top);
}

/**
 * Packages that hold a module, the usual one first; empty for what comes with Python. A name that is not in the table is the name of its
 * package, as most are.
 */
export function packagesOf(module: string, names: readonly string[] = []): readonly string[] {
  if (isStandard(module)) {
    return [];
  }
  const parts = module.split('.');
  const tried = names.map(name => `${module}.${name}`);
  for (let length = parts.length; length > 0; length--) {
    tried.push(parts.slice(0, length).join('.'));
  }
  const found = tried.find(name => Object.hasOwn(PACKAGES, name));
  return found === undefined ? [parts[0].replace(/_/g, '-')] : PACKAGES[found];
}

/** The form in which names of packages are compared (PEP 503). */
export function normalName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}
