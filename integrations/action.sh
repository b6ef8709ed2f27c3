#!/usr/bin/env bash
# What the GitHub action does, in two steps:
#
#     action.sh install    an environment of its own below $RUNNER_TEMP
#     action.sh scan       annotations on stdout, SARIF, JSON and the job summary
#
# Everything comes in by the environment (see action.yml). Nothing from a file or
# an input is evaluated, and a path that looks like an option is refused.
set -euo pipefail

work=${RUNNER_TEMP:?}/dryload
# GitHub refuses a job summary of more than 1 MiB.
max_summary_bytes=1000000

fail() {
    echo "::error title=dryload::$1"
    exit 2
}

install() {
    "${DRYLOAD_PYTHON:-python3}" -m venv "$work/venv"
    # The sources of the action are those of the commit that the workflow names.
    "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        "${DRYLOAD_PACKAGE:-${GITHUB_ACTION_PATH:?}}"
    "$work/venv/bin/dryload" --version
}

# words NAME OPTION: the lines of a variable, each after the option if there is one.
words() {
    local line
    while IFS= read -r line; do
        line=${line%$'\r'}
        [[ -n ${line//[[:space:]]/} ]] || continue
        [[ $line != -* ]] || fail "$1 looks like an option: write ./ before it"
        arguments+=(${2:+"$2"} "$line")
    done <<<"$3"
}

scan() {
    local code=0
    arguments=(scan --format github)
    words paths "" "${DRYLOAD_PATHS:-.}"
    words exclude --exclude "${DRYLOAD_EXCLUDE:-}"
    words policy --policy "${DRYLOAD_POLICY:-}"
    words config --config "${DRYLOAD_CONFIG:-}"
    words baseline --baseline "${DRYLOAD_BASELINE:-}"
    words fail-on --fail-on "${DRYLOAD_FAIL_ON:-}"
    mkdir -p "$work"
    rm -f "$work"/report.* "$work/summary.md"
    "$work/venv/bin/dryload" "${arguments[@]}" --no-progress -o "json=$work/report.json" \
        -o "sarif=$work/report.sarif" -o "markdown=$work/summary.md" || code=$?
    echo "exit-code=$code" >>"${GITHUB_OUTPUT:?}"
    if [[ ! -s $work/report.json || $code != [013] ]]; then
        # A wrong call or a fault: the reports are not whole, and dryload said why.
        exit "$code"
    fi
    printf 'sarif=%s\njson=%s\n' "$work/report.sarif" "$work/report.json" >>"$GITHUB_OUTPUT"
    summarise "$work/summary.md" >>"${GITHUB_STEP_SUMMARY:?}"
    judge "$code"
}

# summarise FILE: the file, or the lines of it that GitHub takes.
summarise() {
    if (($(wc -c <"$1") <= max_summary_bytes)); then
        cat "$1"
    else
        head -c "$max_summary_bytes" "$1" | sed '$d'
        printf '\nThe rest is in the reports: GitHub takes 1 MiB.\n'
    fi
}

# judge CODE: ends with the exit code of the job.
judge() {
    local files pointers
    # A program of ours reads a report of ours: numbers alone come out of it.
    read -r files pointers < <("$work/venv/bin/python" -c '
import json, sys
with open(sys.argv[1], encoding="ascii") as file:
    report = json.load(file)
rules = [{finding["rule"] for finding in each["findings"]} for each in report["files"]]
print(report["summary"]["files"], sum("scan-lfs-pointer" in each for each in rules))
' "$work/report.json")
    if ((pointers > 0)); then
        echo "::error title=dryload::$pointers Git LFS pointers instead of models: give actions/checkout lfs: true"
        exit "$(($1 == 0 ? 3 : $1))"
    fi
    if (($1 == 3 && files == 0)); then
        echo "::error title=dryload::there is no model file to scan"
    elif (($1 == 3)) && [[ ${DRYLOAD_ALLOW_INCONCLUSIVE:-} == true ]]; then
        exit 0
    fi
    exit "$1"
}

case ${1:-} in
install | scan) "$1" ;;
*)
    echo "usage: action.sh install|scan" >&2
    exit 2
    ;;
esac
