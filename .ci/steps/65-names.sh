# .local names against avahi, in network namespaces of its own.
set -euo pipefail
. .ci/lib.sh
need iproute2 avahi-daemon python3
cargo test --quiet --locked --workspace --features demo --no-run
as_root timeout 120 tests/names/run
