# One static binary for another processor: built, proved static, packaged, and linked under qemu. A release makes all three.
set -euo pipefail
. .ci/lib.sh
triple=aarch64-unknown-linux-musl
packaging/static --profile gate --features demo $triple
cargo build --locked --workspace --features demo
tests/static/run $triple
need lintian
packaging/deb --profile gate --target $triple --out target/static/packages
lintian --fail-on error,warning --suppress-tags spelling-error-in-binary target/static/packages/*.deb
