# Completion of @program@'s command line for bash.

_@program@() {
  # The words up to the cursor. Bash cuts words at ':' and '=' too: what no space parts is put together again.
  local words=() word i line=${COMP_LINE:0:${COMP_POINT:-0}}
  line=${line#*"${COMP_WORDS[0]}"}
  for ((i = 1; i <= COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if ((${#words[@]})) && [[ $word && $line == "$word"* ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
    line=${line#*"$word"}
  done
  # What is in quotes stays one word; elsewhere only what is behind the last cut is replaced.
  local breaks=${COMP_WORDBREAKS//[!:=]/} kept=
  word=${words[-1]}
  case $word in
    [\'\"]*) word=${word:1} ;;
    *) [[ -z $breaks ]] || kept=${word%"${word##*[$breaks]}"} ;;
  esac
  words[-1]=$word

  local text about file files=() others=() command= space=
  while IFS=$'\t' read -r text about; do
    case $text in
      @arguments)
        if declare -F _command_offset >/dev/null; then _command_offset $((COMP_CWORD - about + 1)); return; fi
        command=yes
        if ((about == 1)); then mapfile -t others < <(compgen -c -- "$word"); else mapfile -t files < <(compgen -f -- "$word"); fi
        ;;
      @space) space=yes ;;
      @*) while read -r file; do files+=("$about$file"); done < <(compgen -A "${text#@}" -- "${word#"$about"}") ;;
      *) others+=("$text") ;;
    esac
  done < <(_@program@_rows | awk "$_@program@_complete" "${words[@]}")

  # Behind an option or a command a space comes; an endpoint may go on with ",key=".
  [[ $word == -?* && $word != *=* || $command || $space ]] || compopt -o nospace 2>/dev/null
  if ((${#others[@]} == 0)); then
    compopt -o filenames 2>/dev/null
  else
    for i in "${!files[@]}"; do [[ ! -d ${files[i]} ]] || files[i]+=/; done
  fi
  COMPREPLY=()
  for text in "${others[@]}" "${files[@]}"; do COMPREPLY+=("${text#"$kept"}"); done
}

_@program@_rows() {
  printf '%s' '@rows@'
}

_@program@_complete='@complete@'

complete -F _@program@ @program@
