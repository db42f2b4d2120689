# With and without `demo`: they are two programs.
set -euo pipefail
cargo clippy --quiet --locked --workspace --all-targets --features demo -- -D warnings
cargo clippy --quiet --locked -p tetherd -- -D warnings
