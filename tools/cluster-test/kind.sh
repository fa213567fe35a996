#!/usr/bin/env bash
# A cluster of kind with what `make cluster-test` needs, on a machine with Docker: Argo CD that reads the checkouts of this machine and
# knows the cluster as two, Argo Rollouts, metrics-server. Prints the variables for the test, and sets them for later steps in CI.
set -euo pipefail
cd "$(dirname "$0")/../.."

ARGOCD=v3.2.0
ROLLOUTS=v1.9.2
METRICS=v0.9.0
work=$PWD/target/cluster-test
mkdir -p "$work"

kind create cluster --name cloudeats --wait 3m --config - <<CONFIG
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
  - role: control-plane
    extraMounts: [{hostPath: $work, containerPath: $work, readOnly: true}]
CONFIG

manifests=https://raw.githubusercontent.com
kubectl create namespace argocd
kubectl apply --server-side -n argocd -f "$manifests/argoproj/argo-cd/$ARGOCD/manifests/install.yaml"
kubectl create namespace argo-rollouts
kubectl apply -n argo-rollouts -f "https://github.com/argoproj/argo-rollouts/releases/download/$ROLLOUTS/install.yaml"
kubectl apply -f "https://github.com/kubernetes-sigs/metrics-server/releases/download/$METRICS/components.yaml"
kubectl -n kube-system patch deployment metrics-server --type=json \
  -p '[{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "--kubelet-insecure-tls"}]'

kubectl -n argocd patch configmap argocd-cmd-params-cm --type=merge -p '{"data": {"applicationsetcontroller.enable.progressive.syncs": "true"}}'
kubectl -n argocd patch configmap argocd-cm --type=merge -p '{"data": {"timeout.reconciliation": "10s"}}'
kubectl -n argocd patch deployment argocd-repo-server --type=strategic -p "
spec:
  template:
    spec:
      volumes: [{name: checkouts, hostPath: {path: $work}}]
      containers:
        - name: argocd-repo-server
          volumeMounts: [{name: checkouts, mountPath: $work, readOnly: true}]
          env:
            - {name: GIT_CONFIG_COUNT, value: '1'}
            - {name: GIT_CONFIG_KEY_0, value: safe.directory}
            - {name: GIT_CONFIG_VALUE_0, value: '*'}"
kubectl -n argocd rollout restart deployment,statefulset

# One cluster, two names: the API server under its short name is east, under its long one west.
kubectl -n argocd create serviceaccount regions
kubectl create clusterrolebinding regions --clusterrole=cluster-admin --serviceaccount=argocd:regions
token=$(kubectl -n argocd create token regions --duration=8h)
authority=$(kubectl config view --raw --minify --output 'jsonpath={.clusters[0].cluster.certificate-authority-data}')
for region in east west; do
  server=https://kubernetes.default.svc
  [ "$region" = east ] || server=$server.cluster.local
  kubectl -n argocd apply -f - <<SECRET
apiVersion: v1
kind: Secret
metadata:
  name: cluster-$region
  labels: {argocd.argoproj.io/secret-type: cluster, region: $region}
stringData:
  name: $region
  server: $server
  config: '{"bearerToken": "$token", "tlsClientConfig": {"caData": "$authority"}}'
SECRET
done
kubectl -n argocd rollout status deployment,statefulset --timeout=5m
kubectl -n argo-rollouts rollout status deployment --timeout=5m

# Pods and Services answer to this machine by way of the node; the machine answers to pods as the bridge's gateway.
node=$(docker inspect --format '{{ .NetworkSettings.Networks.kind.IPAddress }}' cloudeats-control-plane)
host=$(docker inspect --format '{{ .NetworkSettings.Networks.kind.Gateway }}' cloudeats-control-plane)
sudo ip route replace 10.244.0.0/16 via "$node"
sudo ip route replace 10.96.0.0/16 via "$node"

variables=("HOST_ADDRESS=$host" "IMAGE_LOAD=kind load image-archive --name cloudeats")
printf '%s\n' "${variables[@]}" | tee -a "${GITHUB_ENV:-/dev/null}"
