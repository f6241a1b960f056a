#!/bin/bash
# Checks the resources: the kinds of Kubernetes against its schemas, of kubernetes-validate from PyPI, which is put into
# .kubernetes of the checkout; those of the operators for their form only, because no package carries their schemas, or for
# everything when CRDS names a folder with the operators' files config/crd/bases. Where it can't check it says so, and succeeds.
#   CRDS=/path/to/crds deploy/kubernetes/check.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(cd "$here/../.." && pwd)/.kubernetes
python=${PYTHON:-$(command -v python3 || true)}
if [ -z "$python" ]; then
    echo "The resources were not checked: there is no python3."
    exit 0
fi
if [ ! -e "$folder/ready" ]; then
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    if ! timeout 300 "$python" -m pip install --quiet --disable-pip-version-check --target "$folder" --upgrade \
        kubernetes-validate==1.37.0 > "$log" 2>&1; then
        echo "The resources were not checked: kubernetes-validate can't be had from PyPI ($(tail -n 1 "$log"))."
        exit 0
    fi
    touch "$folder/ready"
fi
if command -v kubectl > /dev/null; then kubectl kustomize "$here" > /dev/null; fi
PYTHONPATH=$folder exec "$python" "$here/check.py" "${CRDS:-}" "$here"/*.yaml
