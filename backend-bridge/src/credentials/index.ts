export * from './store';
export * from './auth';
export * from './oidc-agent';
export * from './tokens';
