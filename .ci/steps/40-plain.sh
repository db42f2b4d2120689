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
