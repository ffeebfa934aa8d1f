
# The words of the line, as bash-completion gives them. Bash alone also splits at
# the = and : of --flag=value and kind:name: what no space separates is one word.
__platformctl_words()
{
    if declare -F _get_comp_words_by_ref >/dev/null 2>&1; then
        _get_comp_words_by_ref "$@" cur prev words cword
        return
    fi
    local line=${COMP_LINE:0:COMP_POINT} i part
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        part=${COMP_WORDS[i]}
        if [[ i -eq 0 || $line == [[:space:]]* ]]; then
            line=${line#"${line%%[![:space:]]*}"}
            words+=("")
        fi
        ((i < COMP_CWORD)) || part=$line
        words[${#words[@]}-1]+=$part
        line=${line#"$part"}
    done
    cword=$((${#words[@]} - 1))
    cur=${words[cword]}
    prev=${words[cword > 0 ? cword - 1 : 0]}
}

# Files, or directories alone with -d.
__platformctl_filedir()
{
    if declare -F _filedir >/dev/null 2>&1; then
        _filedir "$@"
        return
    fi
    local action=-f path
    [[ ${1-} != -d ]] || action=-d
    while IFS='' read -r path; do
        COMPREPLY+=("$path")
    done < <(compgen "$action" -- "$cur")
    [[ $(type -t compopt) != builtin ]] || compopt -o filenames
}
