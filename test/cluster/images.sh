# Images that every cluster has, each as an archive in the cache; sourced by `setup`.
# shellcheck shell=bash disable=SC2154 # lib.sh and `setup` set the names used here

node_version=24.21.0
npm_version=11.6.2
node_package=node-linux-$(case $(uname -m) in x86_64) echo x64 ;; aarch64) echo arm64 ;; *) uname -m ;; esac)

# image TAG DIGEST PREPARE...: makes the image, if it is outdated, from the folder
# that PREPARE fills (called with the folder as its last argument).
image() {
  local tag stamp=$2 context=$work/context
  tag=$(full_name "$1")
  ! made "$(tr '/:' '__' <<<"$tag")" "$stamp" || return 0
  say "making the image $1"
  mkdir "$context"
  "${@:3}" "$context"
  build "$tag" "$context"
  save "$tag" "$cache/images" >/dev/null
  rm -rf "$context"
  mark "$(tr '/:' '__' <<<"$tag")" "$stamp"
}

program_only() { # NAME DIR
  cp "$cache/bin/$1" "$2/"
  printf 'FROM scratch\nCOPY %s /%s\nENTRYPOINT ["/%s"]\n' "$1" "$1" "$1" >"$2/Dockerfile"
}

# Debian itself: kept by buildah only, for the other images to build on.
debian() { # TAG STAMP
  if made base "$2" && buildah inspect --type image "$(full_name "$1")" >/dev/null 2>&1; then return; fi
  say "making the image $1"
  local root=$work/root mirror
  # shellcheck disable=SC2016 # apt's own notation
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 'Component: main' | head -1)
  [ -n "$mirror" ] || die "no apt source of this machine has Debian bookworm"
  debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "$mirror" >"$work/log" 2>&1 ||
    { tail -20 "$work/log" >&2; die "debootstrap failed"; }
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* \
    "$root"/usr/share/{doc,man,info,locale}/*
  # Image builds use the apt sources that this machine uses.
  rm -f "$root/etc/apt/sources.list"
  cp -a /etc/apt/sources.list* "$root/etc/apt/"
  tar -C "$root" --one-file-system -c . >"$work/root.tar"
  rm -rf --one-file-system "$root"
  printf 'FROM scratch\nADD root.tar /\nCMD ["bash"]\n' >"$work/Dockerfile"
  build "$(full_name "$1")" -f "$work/Dockerfile" "$work"
  rm "$work/root.tar"
  mark base "$2"
}

folder() { cp -r "$here/images/$1/." "$2/"; } # NAME DIR

# Node and npm from the npm packages that carry them.
node_and_npm() { # DIR
  folder node "$1"
  (cd "$work" && npm pack --silent "$node_package@$node_version" "npm@$npm_version" >/dev/null)
  mkdir "$work/node"
  tar -xzf "$work/$node_package-$node_version.tgz" -C "$work/node" package/bin/node
  mv "$work/node/package/bin/node" "$1/node"
  tar -xzf "$work/npm-$npm_version.tgz" -C "$work/node" --no-same-owner
  mv "$work/node/package" "$1/npm"
}

for program in pause coredns; do
  image "localhost/headgate/$program:1" "$(digest "$cache/bin/$program")" program_only "$program"
done
debian debian:bookworm-slim bookworm-1
base=$(cat "$cache/stamps/base")
image node:24-bookworm-slim "$(digest "$here"/images/node/*)-$node_version-$npm_version-$base" node_and_npm
image postgres:15 "$(digest "$here"/images/postgres/*)-$base" folder postgres
image redis:7.0 "$(digest "$here"/images/redis/*)-$base" folder redis
