#compdef @program@
# Completion of @program@'s command line for zsh.

_@program@() {
  local text about space offered=() shown=()
  printf '%s' '@rows@' | awk '@complete@' "${(@Q)words[2,CURRENT-1]}" "$PREFIX" | while IFS=$'\t' read -r text about; do
    case $text in
      @arguments)
        shift $((CURRENT - about)) words
        CURRENT=$about
        _normal
        return
        ;;
      @space) space=yes ;;
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
  # An endpoint may go on with ",key=": only behind an option or a command a space comes.
  local behind=(-S '')
  if [[ $space || ($PREFIX == -?* && $PREFIX != *=*) ]]; then behind=(); fi
  (($#offered)) && compadd "${behind[@]}" -l -d shown -a offered
}

_@program@ "$@"
