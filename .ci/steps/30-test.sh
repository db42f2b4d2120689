# The command of the README.
set -euo pipefail
cargo test --locked --workspace --features demo
