# A C compiler for SQLite and ring; rustfmt and clippy come with the toolchain.
set -euo pipefail
. .ci/lib.sh
need build-essential pkg-config
cargo --version
cargo fetch --locked --quiet
