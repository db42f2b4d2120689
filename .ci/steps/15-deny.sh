# Licences, banned crates, sources. Advisories need a database that is not fetched here: `cargo deny check advisories`.
set -euo pipefail
. .ci/lib.sh
tool cargo-deny 0.20.2 cargo-deny
cargo deny --offline --log-level error check --hide-inclusion-graph licenses bans sources
