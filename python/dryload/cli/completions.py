"""`dryload completions SHELL`: writes what bash, zsh or fish need to complete commands, options and files.

It is made from the parsers, so it knows what they know. The script asks dryload for nothing while it
completes: a key must not wait for Python.
"""

from __future__ import annotations

import shlex
import sys

from dryload.cli.parsers import Takes, commands, groups, takes

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from dryload.cli.parsers import Command


def run(words: list[str]) -> int:
    """Prints the script."""
    shell: str = _parser().parse_args(words).shell
    for line in SHELLS[shell]():
        sys.stdout.write(line + "\n")
    return 0


def bash() -> Iterator[str]:
    """Gives the lines for bash 4 or newer."""
    every, found = groups(), list(commands())
    first = [*dict.fromkeys(command.name.partition(" ")[0] for command in found)]
    yield "# dryload completions bash > ~/.local/share/bash-completion/completions/dryload"
    yield "_dryload() {"
    yield '    local current=${COMP_WORDS[COMP_CWORD]} previous="" command=scan words="" files="" formats=""'
    # Bash takes `=` for a word of its own.
    yield '    [[ $current == = ]] && current=""'
    yield "    local at=$((COMP_CWORD - 1))"
    yield "    [[ ${COMP_WORDS[COMP_CWORD]} == = || ${COMP_WORDS[at]} != = ]] || at=$((at - 1))"
    yield "    previous=${COMP_WORDS[at]}"
    yield "    if ((COMP_CWORD > 1)); then"
    yield '        case "${COMP_WORDS[1]}" in'
    yield f"            {'|'.join(first)}) command=${{COMP_WORDS[1]}} ;;"
    yield "        esac"
    yield "    fi"
    for group, below in every.items():
        yield f"    if [[ $command == {group} ]]; then"
        yield '        if ((COMP_CWORD > 2)); then command="$command ${COMP_WORDS[2]}"'
        yield f'        else command="" words="{" ".join(below)}"; fi'
        yield "    fi"
    yield '    case "$command $previous" in'
    for command in found:
        for action in command.options:
            if action.nargs != 0:
                names = "|".join(f'"{command.name} {name}"' for name in action.option_strings)
                yield f"        {names}) {_bash_takes(takes(action))} ;;"
    yield "        *)"
    # What follows `json=` of -o is a file.
    yield "            if ((at != COMP_CWORD - 1)) || [[ ${COMP_WORDS[COMP_CWORD]} == = ]]; then files=yes"
    yield '            else case "$command $current" in'
    for command in found:
        options = " ".join(name for action in command.options for name in action.option_strings)
        yield f'                "{command.name} -"*) words="{options}" ;;'
    for command in found:
        merged = _merged(command)
        yield f'                "{command.name} "*) {_bash_takes(merged)} ;;'
    yield "            esac; fi ;;"
    yield "    esac"
    yield "    if ((COMP_CWORD == 1)) && [[ $current != -* ]]; then"
    yield f'        words="$words {" ".join(first)}"'
    yield "    fi"
    yield '    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")'
    yield "    if [[ $formats ]]; then compopt -o nospace; fi"
    yield "    if [[ $files ]]; then"
    yield "        compopt -o filenames"
    yield '        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")'
    yield "    fi"
    yield "}"
    yield "complete -F _dryload dryload"


def zsh() -> Iterator[str]:
    """Gives the lines for zsh."""
    yield "#compdef dryload"
    yield "# dryload completions zsh > a folder of $fpath, as _dryload"
    yield "_dryload() {"
    yield "    local command=scan"
    yield "    if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then"
    told = " ".join(f"{name}\\:{_zsh_quoted(about)}" for name, about in _first_words())
    yield f"        _alternative 'commands:command:(({told}))' 'files:path:_files'"
    yield "        return"
    yield "    fi"
    yield "    case $words[2] in"
    yield f"        {'|'.join(name for name, _ in _first_words())})"
    yield "            command=$words[2]; shift words; (( CURRENT-- )) ;;"
    yield "    esac"
    for group, below in groups().items():
        yield f"    if [[ $command == {group} ]]; then"
        yield f"        if (( CURRENT == 2 )); then _values command {' '.join(below)}; return; fi"
        yield '        command="$command $words[2]"; shift words; (( CURRENT-- ))'
        yield "    fi"
    yield "    case $command in"
    for command in commands():
        yield f"        {shlex.quote(command.name)}) _arguments -s \\"
        for action in command.options:
            about = _zsh_quoted(action.help or "")
            value = (
                "" if action.nargs == 0 else f":{action.metavar or action.dest}:{_zsh_takes(takes(action))}"
            )
            for name in action.option_strings:
                yield f"            {shlex.quote(f'*{name}[{about}]{value}')} \\"
        merged = _merged(command)
        yield f"            {shlex.quote(f'*:argument:{_zsh_takes(merged)}')} ;;"
    yield "    esac"
    yield "}"
    yield '_dryload "$@"'


def fish() -> Iterator[str]:
    """Gives the lines for fish."""
    first = " ".join(name for name, _ in _first_words())
    yield "# dryload completions fish > ~/.config/fish/completions/dryload.fish"
    yield "function __dryload_command"
    yield "    set -l words (commandline -opc)"
    for group in groups():
        yield f'    if test "$words[2]" = {group}; echo $words[2..3]; return; end'
    yield f'    if contains -- "$words[2]" {first}; echo $words[2]; else; echo scan; end'
    yield "end"
    yield "complete -c dryload -f"
    for name, about in _first_words():
        yield f"complete -c dryload -n 'test (count (commandline -opc)) -eq 1' -a {name} -d {_fish(about)}"
    for group, below in groups().items():
        yield f"complete -c dryload -n 'test (__dryload_command) = {group}' -a {_fish(' '.join(below))}"
    for command in commands():
        when = _fish(f'test "$(__dryload_command)" = "{command.name}"')
        for action in command.options:
            names = " ".join(
                f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"
                for name in action.option_strings
            )
            value = "" if action.nargs == 0 else f" -r {_fish_takes(takes(action))}"
            yield f"complete -c dryload -n {when} {names}{value} -d {_fish(action.help or '')}"
        yield f"complete -c dryload -n {when} {_fish_takes(_merged(command))}"


def _first_words() -> list[tuple[str, str]]:
    """Gives the first words with a line about each."""
    found: dict[str, str] = {}
    for command in commands():
        found.setdefault(command.name.partition(" ")[0], command.about)
    below = groups()
    return [(name, ", ".join(below[name]) if name in below else about) for name, about in found.items()]


def _merged(command: Command) -> Takes:
    every = [takes(action) for action in command.positionals]
    return Takes(
        words=[word for each in every for word in each.words], files=any(each.files for each in every)
    )


def _bash_takes(what: Takes) -> str:
    parts = [f'words="{" ".join(what.words)}"'] if what.words else []
    parts += ["files=yes"] if what.files else []
    parts += ["formats=yes"] if what.formats else []
    return " ".join(parts) or ":"


def _zsh_takes(what: Takes) -> str:
    words = f"({' '.join(what.words)})"
    if what.formats:
        return f"{{ if compset -P '*='; then _files; else compadd -S '' -- {words[1:-1]}; fi }}"
    if what.words and what.files:
        return f"{{ compadd -- {words[1:-1]}; _files }}"
    return words if what.words else "_files" if what.files else ""


def _fish_takes(what: Takes) -> str:
    parts = [f"-a {_fish(' '.join(what.words))}"] if what.words else []
    return " ".join([*parts, "-F" if what.files or what.formats else "-f"])


def _zsh_quoted(text: str) -> str:
    """Leaves out what quotes and `((...))`, which zsh evaluates, would read as more than text."""
    return "".join(f"\\{sign}" if sign in "[]:() " else sign for sign in text if sign not in ZSH_ACTS)


def _fish(text: str) -> str:
    return "'" + text.replace("`", "").replace("\\", "\\\\").replace("'", "\\'") + "'"


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="dryload completions",
        description="Write a script with which a shell completes commands, options and files.",
        allow_abbrev=False,
    )
    parser.add_argument("shell", choices=list(SHELLS), metavar="SHELL", help=", ".join(SHELLS))
    return parser


ZSH_ACTS = "'\"`$\\!;&|<>{}"
SHELLS = {"bash": bash, "zsh": zsh, "fish": fish}
