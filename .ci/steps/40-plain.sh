# A plain build must not be able to trust another server: neither alone nor together with the workspace.
set -euo pipefail
for scope in "-p tetherd" "--workspace"; do
    # shellcheck disable=SC2086
    features=$(cargo tree --locked $scope -e features,normal,build -i wacore-noise 2>/dev/null)
    if grep -q danger <<<"$features"; then
        echo "a plain build ($scope) has the engine's danger feature:"; grep -n danger <<<"$features"; exit 1
    fi
done
# And with the feature it is there: this check can fail.
cargo tree --locked -p tetherd --features demo -e features,normal,build -i wacore-noise 2>/dev/null | grep -q danger
# What that means: led to the sandbox in WhatsApp's place, a plain build does not talk to it.
. .ci/lib.sh
command -v openssl >/dev/null || need openssl
command -v python3 >/dev/null || need python3-minimal
cargo build --quiet --locked --workspace --features demo
cp target/debug/tetherd target/debug/tetherd-sandbox target/
mv target/tetherd target/tetherd-demo
cargo build --quiet --locked -p tetherd
timeout 120 tests/plain/run target/debug/tetherd target/tetherd-demo target/tetherd-sandbox
rm target/tetherd-demo target/tetherd-sandbox
