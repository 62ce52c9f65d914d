#!/bin/sh
# A mock of Twilio's API for the contract tests: checks the shape of our requests against Twilio's own description.
#
#   tools/mock_twilio.sh install             puts the mock (about 90 MB, Node 20 or newer) into .mock/
#   tools/mock_twilio.sh start SPEC [PORT]   serves SPEC (an OpenAPI file) on 127.0.0.1 until it is killed
#
# It keeps no state and calls no webhook: every create is answered with the same example.
set -eu

# The last version that runs on Node 20.
VERSION=5.14.2
ROOT=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
HOME_OF_MOCK="$ROOT/.mock"
PRISM="$HOME_OF_MOCK/node_modules/.bin/prism"

install() {
    command -v npm >/dev/null || { echo "mock_twilio: npm is not installed" >&2; exit 1; }
    installed=$(sed -n 's/^ *"version": "\(.*\)",*$/\1/p' \
        "$HOME_OF_MOCK/node_modules/@stoplight/prism-cli/package.json" 2>/dev/null || true)
    if [ "$installed" != "$VERSION" ] || [ ! -x "$PRISM" ]; then
        mkdir -p "$HOME_OF_MOCK"
        npm install --silent --no-audit --no-fund --prefix "$HOME_OF_MOCK" "@stoplight/prism-cli@$VERSION" >&2
    fi
}

case "${1:-}" in
install)
    install
    ;;
start)
    [ -r "${2:-}" ] || { echo "mock_twilio: no API description at '${2:-}'" >&2; exit 1; }
    install
    # exec: whoever kills this process kills the mock itself. Never another address than loopback.
    exec "$PRISM" mock -h 127.0.0.1 -p "${3:-4010}" "$2"
    ;;
*)
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
