# A Go that can build go.mod, first on PATH; sourced by `setup-programs`.
# Go from 1.21 on fetches the version that go.mod asks for by itself. An older
# one, as in Debian 12, fetches it as the module that it is.
# shellcheck shell=bash disable=SC2154 # lib.sh sets the names used here

command -v go >/dev/null || PATH=$PATH:/usr/local/go/bin
command -v go >/dev/null || "$here/install-packages" golang-go

go_minor=$(go version | sed -n 's/.* go1\.\([0-9]*\).*/\1/p')
if [ "${go_minor:-99}" -lt 21 ]; then
  go_version=$(sed -n 's/^go \(.*\)/\1/p' "$here/go.mod")
  toolchain=golang.org/toolchain@v0.0.1-go$go_version.$(go env GOOS)-$(go env GOARCH)
  say "fetching Go $go_version"
  (cd / && GOFLAGS=-modcacherw go mod download "$toolchain")
  PATH=$GOMODCACHE/$toolchain/bin:$PATH
  # Modules carry no permissions.
  chmod +x "$GOMODCACHE/$toolchain"/bin/* "$GOMODCACHE/$toolchain"/pkg/tool/*/*
fi
