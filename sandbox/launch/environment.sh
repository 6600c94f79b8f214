# Sourced by the commands in bash: `environment EXTRAS` makes .venv hold the project with these extras of
# pyproject.toml, and does nothing when it does already.

environment() {
  local extras=$1 python stamp began=$SECONDS log=.venv/install.log
  python=$(python_new_enough) || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv"; exit 2; }
  stamp=$(cat pyproject.toml <("$python" --version) | sha256sum | cut -c1-16)
  # The tests' environment holds all that the demo shop needs.
  [ -x .venv/bin/python ] && grep -qsE "^$stamp $extras(,|$)" .venv/installed && return
  printf '• Python packages … '
  mkdir -p .venv
  if ! .venv/bin/python -c '' 2>/dev/null; then
    "$python" -m venv .venv >"$log" 2>&1 || failed "Debian: apt-get install python3-venv"
  fi
  rm -f .venv/installed
  if command -v uv >/dev/null; then
    uv pip install -q --python .venv/bin/python -e ".[$extras]" >"$log" 2>&1 || failed
  else
    .venv/bin/python -m pip install -q --disable-pip-version-check -e ".[$extras]" >"$log" 2>&1 || failed
  fi
  echo "$stamp $extras" >.venv/installed
  echo "$((SECONDS - began)) s"
}

failed() {
  printf 'failed\n'
  tail -n 15 .venv/install.log
  [ $# = 0 ] || echo "$1"
  exit 2
}

python_new_enough() {
  local one
  for one in python3 python3.13 python3.12 python3.11; do
    if "$one" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$one"
      return
    fi
  done
  return 1
}
