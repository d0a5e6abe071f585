import { isIP } from 'node:net';
import { stringify } from 'yaml';
import type { ExistingClusterFiles, ExistingClusterRequest } from '../contract';
import { invalid } from './problems';

const DOMAIN = /^(?=.{1,253}$)([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/i;
const USER = /^[a-z_][-a-z0-9_]{0,31}$/i;
const REPOSITORY = 'https://github.com/grycap/oscar.git';

/**
 * Files that help to make a cluster where IM cannot: K3s on machines there are (also ARM), Helm on a Kubernetes there is, kind on
 * this machine. No file has a password: those are read from the environment.
 *
 * Source: the documentation of OSCAR's deployment (docs/deploy-k3s-ansible.md, docs/deploy-helm.md, deploy/kind-deploy.sh).
 */
export function existingCluster(request: ExistingClusterRequest): ExistingClusterFiles {
  const domain = request.domain ?? (request.way === 'kind' ? 'localhost' : 'oscar.example.org');
  if (!DOMAIN.test(domain)) {
    throw invalid(`"${domain.slice(0, 100)}" is no domain name.`, 'Write it like oscar.example.org.');
  }
  switch (request.way) {
    case 'k3s':
      return k3s(request, domain);
    case 'helm':
      return helm(domain);
    case 'kind':
      return kind();
  }
}

const PASSWORDS = "export OSCAR_PASSWORD='…' MINIO_PASSWORD='…' (eight characters at least, letters and digits)";

function check(domain: string): string[] {
  return [
    `Check: curl https://${domain}/health answers Ok. If it does not, look at the pods (kubectl -n oscar get pods), at ports 80 and 443, and at the DNS records of ${domain} and minio.${domain}.`,
    `Add it: jupyter oscar clusters add edge https://${domain} --user oscar --password-stdin`
  ];
}

function k3s({ hosts = [], architecture = 'amd64' }: ExistingClusterRequest, domain: string): ExistingClusterFiles {
  if (hosts.length === 0) {
    throw invalid('K3s needs at least one machine.', 'Give the addresses of the machines, the front end first.');
  }
  for (const { address, user } of hosts) {
    if (isIP(address) === 0 && !DOMAIN.test(address)) {
      throw invalid(`"${address.slice(0, 100)}" is no address of a machine.`, 'Write a name or an IP address.');
    }
    if (user !== undefined && !USER.test(user)) {
      throw invalid(`"${user.slice(0, 40)}" is no user of a machine.`);
    }
  }
  const names = hosts.map((_, index) => (index === 0 ? 'front' : `wn${index}`));
  const ssh = hosts.map(({ address, user }, index) =>
    [
      `Host ${names[index]}`,
      `  HostName ${address}`,
      `  User ${user ?? (architecture === 'arm64' ? 'pi' : 'ubuntu')}`,
      ...(index > 0 ? ['  # ProxyJump front    when only the front end can be reached from here'] : [])
    ].join('\n')
  );
  const fromEnvironment = (name: string): string => `{{ lookup('env', '${name}') }}`;
  const variables = {
    kube_admin_token: fromEnvironment('KUBE_TOKEN'),
    oscar_password: fromEnvironment('OSCAR_PASSWORD'),
    dns_host: domain,
    minio_password: fromEnvironment('MINIO_PASSWORD'),
    minio_dns_host: `minio.${domain}`,
    minio_dns_host_console: `minio-console.${domain}`
  };
  return {
    files: [
      { name: 'ssh_config', text: `${ssh.join('\n\n')}\n` },
      {
        name: 'hosts',
        text: `[front]\n${names[0]}\n\n[wn]\n${names.slice(1).join('\n')}${names.length > 1 ? '\n' : ''}`
      },
      {
        name: 'vars.yaml',
        text: `---\n# kube_version is that of the repository's own vars.yaml: keep its line.\n${stringify(variables)}`
      }
    ],
    steps: [
      `git clone ${REPOSITORY} && cd oscar/deploy/ansible`,
      'Append ssh_config to ~/.ssh/config; put hosts in the place of the one there; copy the lines of vars.yaml over those of the same name',
      'pip install ansible netaddr && ansible-galaxy install -r install_roles.yaml --force',
      `${PASSWORDS}; export KUBE_TOKEN='…'`,
      ...(architecture === 'arm64'
        ? [
            'On a Raspberry Pi: a 64-bit system, and cgroup_memory=1 cgroup_enable=memory in the kernel command line, then reboot'
          ]
        : []),
      'ansible-playbook -i hosts oscar-k3s.yaml',
      ...(architecture === 'arm64' ? ['Services need images for linux/arm64'] : []),
      ...check(domain)
    ]
  };
}

function helm(domain: string): ExistingClusterFiles {
  const values = {
    service: { type: 'ClusterIP' },
    ingress: { create: true, host: domain },
    volume: { storageClassName: 'nfs' },
    minIO: { endpoint: `https://minio.${domain}`, TLSVerify: true, accessKey: 'minio' },
    serverlessBackend: 'knative'
  };
  return {
    files: [{ name: 'values.yaml', text: stringify(values) }],
    steps: [
      'The cluster needs: a storage class that many pods can write to (kubectl get storageclass; set its name in values.yaml), an ingress controller, Knative serving for synchronous calls, and MinIO',
      PASSWORDS,
      'kubectl create namespace oscar; kubectl create namespace oscar-svc',
      'helm repo add grycap https://grycap.github.io/helm-charts/ && helm repo update',
      'helm install oscar grycap/oscar --namespace oscar -f values.yaml --set authPass="$OSCAR_PASSWORD" --set minIO.secretKey="$MINIO_PASSWORD"',
      'kubectl -n oscar rollout status deployment/oscar',
      ...check(domain)
    ]
  };
}

function kind(): ExistingClusterFiles {
  const port = (containerPort: number, hostPort = containerPort): Record<string, unknown> => ({
    containerPort,
    hostPort,
    listenAddress: '127.0.0.1',
    protocol: 'TCP'
  });
  const config = {
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    nodes: [{ role: 'control-plane', extraPortMappings: [port(80), port(443), port(30_300), port(30_301)] }]
  };
  return {
    files: [{ name: 'kind.yaml', text: stringify(config) }],
    steps: [
      'Needs Docker, kind, kubectl and helm, about 4 cores and 8 GB of memory',
      `git clone ${REPOSITORY} && cd oscar && bash deploy/kind-deploy.sh (asks for what it needs; shows user and password at the end)`,
      'Or by hand: kind create cluster --config kind.yaml, then the steps of Helm',
      'Check: curl http://localhost/health answers Ok',
      'Add it: jupyter oscar clusters add kind https://localhost --user oscar --password-stdin'
    ]
  };
}
