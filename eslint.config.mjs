import js from '@eslint/js';
import jupyter from '@jupyter/eslint-plugin';
import prettier from 'eslint-config-prettier';
import globals from 'globals';
import ts from 'typescript-eslint';

const style = {
  curly: 'error',
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  'prefer-arrow-callback': ['error', { allowNamedFunctions: true }],
  '@typescript-eslint/consistent-type-imports': [
    'error',
    { fixStyle: 'separate-type-imports', disallowTypeAnnotations: false }
  ],
  '@typescript-eslint/no-explicit-any': 'error',
  '@typescript-eslint/no-namespace': 'off',
  '@typescript-eslint/no-unsafe-declaration-merging': 'off',
  '@typescript-eslint/no-unused-vars': [
    'error',
    { args: 'none', caughtErrors: 'none', ignoreRestSiblings: true, varsIgnorePattern: '^_' }
  ],
  '@typescript-eslint/naming-convention': [
    'error',
    { selector: 'interface', format: ['PascalCase'], custom: { regex: '^I[A-Z]', match: true } }
  ]
};

export default ts.config(
  {
    ignores: [
      '**/node_modules/**',
      'lib/**',
      'backend-bridge/lib/**',
      '**/dist/**',
      'coverage/**',
      'work/**',
      '.venv/**',
      '.setup/**',
      'jupyterlab_oscar/**',
      'ui-tests/test-results/**',
      'ui-tests/playwright-report/**'
    ]
  },
  js.configs.recommended,
  ...ts.configs.recommended,
  { files: ['**/*.{ts,tsx}'], rules: style },
  {
    files: ['src/**/*.{ts,tsx}'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } }
  },
  // Its rules are about the page's code; the schemas are checked too.
  { plugins: { jupyter } },
  ...jupyter.configs.recommended.map(entry =>
    entry.files?.some(pattern => pattern.endsWith('.ts'))
      ? { ...entry, files: ['src/**/*.{ts,tsx}'], ignores: ['src/**/__tests__/**', 'src/testing/**'] }
      : entry
  ),
  {
    files: [
      'scripts/**',
      'bench/**',
      '**/*.config.{js,mjs}',
      'backend-bridge/*.mjs',
      '**/*.cjs',
      '**/*.mjs',
      'babel.config.js',
      'ui-tests/**/*.js'
    ],
    languageOptions: { globals: { ...globals.node } },
    rules: { '@typescript-eslint/no-require-imports': 'off' }
  },
  { files: ['jest.*.cjs'], languageOptions: { globals: { ...globals.jest } } },
  prettier
);
