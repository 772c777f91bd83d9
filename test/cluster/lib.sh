# Settings and functions shared by the scripts beside this file; sourced, not run.
# shellcheck shell=bash disable=SC2034 # used by the scripts that source this

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${HEADGATE_CLUSTER_CACHE:-$HOME/.cache/headgate-cluster}       # programs, images: slow to make (location.ts knows this folder too)
state=${HEADGATE_CLUSTER_STATE:-$HOME/.local/state/headgate-cluster} # one cluster: quick to make
port=${HEADGATE_CLUSTER_PORT:-6443}                                  # API server, on 127.0.0.1 only

kubernetes_version=$(sed -n 's|^\tk8s.io/kubernetes \(v[^ ]*\).*|\1|p' "$here/go.mod")
node_name=headgate-node
node_ip=10.89.0.1
pod_cidr=10.244.0.0/24
service_cidr=10.96.0.0/16
dns_ip=10.96.0.10                                    # as in manifests/coredns.yaml
cgroup=headgate-$(cksum <<<"$state" | cut -d' ' -f1) # pods' cgroups lie under this one
pause_image=localhost/headgate/pause:1
socket=$state/run/containerd.sock

export PATH="$cache/bin:$PATH"

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
need_root() { [ "$(id -u)" = 0 ] || die "a cluster with pods needs root"; }

# What was made is stamped with a digest of what it was made from: made NAME DIGEST, mark NAME DIGEST.
digest() { cat "$@" | sha256sum | cut -c1-16; }
made() { [ "$(cat "$cache/stamps/$1" 2>/dev/null)" = "$2" ]; }
mark() { mkdir -p "$cache/stamps" && echo "$2" >"$cache/stamps/$1"; }

# --- the node ------------------------------------------------------------------
# It is one process (process 1 of its own PID namespace); its id, as this machine
# sees it, is kept with its start time, so that a reused id is never taken for it.
start_time() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
node_pid() {
  local pid started
  read -r pid started 2>/dev/null <"$state/node.pid" || return 1
  [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ] && echo "$pid"
}

ctr() { command ctr -a "$socket" -n k8s.io "$@"; }

# --- images --------------------------------------------------------------------
# buildah keeps its images in the cache, so that the machine's are left alone, and
# has mounts of its own, which end with it.
buildah() { unshare --mount buildah --root "$cache/buildah" --runroot "$cache/buildah-run" --storage-driver overlay "$@"; }

# build TAG [BUILDAH ARGS...]: an image from a Dockerfile. RUN steps use this
# machine's network, its CA bundle and its npm registry; the image keeps none of them.
# What the build says is shown only if it fails.
build() {
  local tag=$1 ca=/etc/ssl/certs/ca-certificates.crt npmrc=$cache/npmrc mounts=() said
  shift
  {
    echo "cafile=$ca"
    ! command -v npm >/dev/null || echo "registry=$(npm config get registry 2>/dev/null)"
  } >"$npmrc"
  [ ! -s $ca ] || mounts=(--volume "$ca:$ca:ro" --volume "$npmrc:/usr/local/etc/npmrc:ro")
  said=$(buildah bud --isolation chroot --format docker --layers --force-rm --pull-never "${mounts[@]}" -t "$tag" "$@" 2>&1) ||
    { tail -n 40 <<<"$said" >&2; return 1; }
}

# full_name node:24 -> docker.io/library/node:24, the name the kubelet looks it up by.
full_name() {
  local first=${1%%/*}
  case $1 in
    */*) case $first in *.* | *:* | localhost) echo "$1" ;; *) echo "docker.io/$1" ;; esac ;;
    *) echo "docker.io/library/$1" ;;
  esac
}

# save TAG DIR: the image as one uncompressed archive in DIR, which `up` imports.
save() {
  local name file
  name=$(full_name "$1")
  file=$2/$(tr '/:' '__' <<<"$name").tar
  mkdir -p "$2"
  rm -f "$file.part"
  buildah push --quiet "$name" "docker-archive:$file.part:$name"
  mv "$file.part" "$file"
  echo "$file"
}

# import_image FILE: into the running node, unless that very file is there already.
import_image() {
  local imported
  imported=$state/containerd/imported/$(basename "$1").$(stat -c %Y.%s "$1")
  [ ! -e "$imported" ] || return 0
  ctr images import "$1" >/dev/null
  mkdir -p "$(dirname "$imported")"
  touch "$imported"
}
