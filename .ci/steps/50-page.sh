# The page in a real browser, its QR read by an independent decoder, its accessibility by axe.
set -euo pipefail
. .ci/lib.sh
# By command, not by package: a machine may have its own Node, which Debian's npm would conflict with.
command -v chromium >/dev/null || need chromium
command -v zbarimg >/dev/null || need zbar-tools
command -v npm >/dev/null || need nodejs npm
cargo build --locked --features demo
timeout 900 tests/page/run
