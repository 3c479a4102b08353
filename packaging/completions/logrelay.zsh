#compdef logrelay
# Completion of logrelay's command line for zsh.

_logrelay() {
  local text about offered=() shown=()
  printf '%s' '@rows@' | awk '@complete@' "${(@Q)words[2,CURRENT-1]}" "$PREFIX" | while IFS=$'\t' read -r text about; do
    case $text in
      @arguments)
        shift $((CURRENT - about)) words
        CURRENT=$about
        _normal
        return
        ;;
      @file | @directory | @command)
        compset -P "${(b)about}"
        case $text in
          @file) _files -S '' ;;
          @directory) _files -/ -S '' ;;
          @command) _command_names -e ;;
        esac
        ;;
      *)
        offered+=("$text")
        shown+=("$text${about:+  -- $about}")
        ;;
    esac
  done
  # An endpoint may go on with ",key=": only behind an option a space comes.
  local behind=(-S '')
  if [[ $PREFIX == -?* && $PREFIX != *=* ]]; then behind=(); fi
  (($#offered)) && compadd "${behind[@]}" -l -d shown -a offered
}

_logrelay "$@"
